// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/open_events.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "capture/events/own_events.h"
#include "capture/events/process_samples.h"
#include "capture/events/tracepoints.h"
#include "packet/event/process_sample.h"

namespace capture {
Result<EventSet> open_events(const EventOptions& options, const SharedParts& parts) {
    EventSet events;
    if (options.kernel_addresses) {
        events.keep_kernel_addresses();
    }
    std::optional<TracepointCatalogue> catalogue;
    for (const EventChoice& choice : options.choices) {
        if (choice.is_tracepoint() && !catalogue) {
            auto opened = TracepointCatalogue::open(parts.btf_file);
            if (!opened) {
                return Error{fmt::format("--event {}: {}", choice.name, opened.error().message),
                             opened.error().code};
            }
            catalogue = *std::move(opened);
        }
        auto added = choice.is_tracepoint() ? add_tracepoints(choice, *catalogue, parts, events)
                                            : add_own_events(choice, parts, events);
        if (!added) {
            return std::move(added).error();
        }
    }
    if (options.sample_interval) {
        if (auto added = events.add(std::string(packet::kSampleEvent), ProcessSamples::layout());
            !added) {
            return std::move(added).error();
        }
    }
    return events;
}

}  // namespace capture
