// SPDX-License-Identifier: GPL-2.0-only
#include "packet/event/process_sample.h"

#include <vector>

#include "packet/event/frame.h"
#include "packet/event/record.h"

namespace packet {

std::optional<ProcessSample> sample_in(const Packet& packet) {
    const auto record = event_record(packet);
    if (!record || packet.interface->name != kSampleEvent) {
        return std::nullopt;
    }
    const std::vector<EventValue> values = read_event(*packet.interface->event, *record);
    const auto rss = number_in(values, "rss");
    if (!rss) {
        return std::nullopt;
    }
    ProcessSample sample{.rss_bytes = *rss};
    const auto length = number_in(values, "interval_ns");
    const auto user = number_in(values, "interval_user_ns");
    const auto system = number_in(values, "interval_system_ns");
    if (length && *length > 0 && user && system) {
        sample.interval = {.length_ns = *length, .cpu_ns = *user + *system};
    }
    return sample;
}

}  // namespace packet
