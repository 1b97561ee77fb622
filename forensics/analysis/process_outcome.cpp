// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/process_outcome.h"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <vector>

#include "packet/event/frame.h"

namespace forensics {
namespace {

using packet::EventValue;

const EventValue* find(const std::vector<EventValue>& values, std::string_view name) {
    const auto found = std::find_if(values.begin(), values.end(), [name](const EventValue& value) {
        return value.field->name == name;
    });
    return found != values.end() ? &*found : nullptr;
}

}  // namespace

std::string failure_of(const std::vector<EventValue>& values) {
    constexpr std::string_view kGivenUp = "given-up";
    if (packet::number_in(values, "errno").value_or(0) != 0) {
        return packet::value_text(*find(values, "errno"));
    }
    const EventValue* stage = find(values, "stage");
    const bool given_up = stage != nullptr && packet::value_name(*stage) == kGivenUp;
    return std::string(given_up ? kGivenUp : std::string_view());
}

void ProcessOutcome::add(const Packet& event) {
    const std::string& name = event.interface->name;
    if (name == "drop:packet") {
        ++dropped_packets;
        return;
    }
    const bool is_connect = name == "socket:connect";
    if (!is_connect && name != "process:exit") {
        return;
    }
    const auto record = packet::event_record(event);
    assert(record.has_value());
    const std::vector<EventValue> values = packet::read_event(*event.interface->event, *record);
    if (is_connect) {
        failed_connections += failure_of(values).empty() ? 0 : 1;
        return;
    }
    const std::optional<uint64_t> signal = packet::number_in(values, "signal");
    if (signal && *signal != 0) {
        exit_signal = packet::value_text(*find(values, "signal"));
        exit_code.reset();
    } else {
        exit_code = packet::number_in(values, "exit_code");
        exit_signal.clear();
    }
}

}  // namespace forensics
