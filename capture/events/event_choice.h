// SPDX-License-Identifier: GPL-2.0-only
//
// EventChoice: which events a capture takes, as a user names them. Passive data; the parser is
// pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pcapng/result.h"

namespace capture {

struct EventChoice {
    std::string name;       // "socket"; with a colon a tracepoint, where the name is a glob
    std::string variant;    // what stands behind "=", as in "socket=all"; empty: nothing
    std::string condition;  // what stands behind " if ", a condition on the event's fields

    bool is_tracepoint() const { return name.find(':') != std::string::npos; }
    bool operator==(const EventChoice&) const = default;
};

struct EventOptions {
    std::vector<EventChoice> choices;  // empty: no events
    bool packets = true;               // false: events only
    bool kernel_addresses = false;     // they stay in the records; else they are 0
    // How often processes are sampled (process_samples.h); none: never.
    std::optional<std::chrono::nanoseconds> sample_interval = {};

    bool any() const { return !choices.empty() || sample_interval.has_value(); }
};

// Parses the value of --event: names that commas separate; behind the last one may stand " if " and
// a condition, which holds for all of them. An error names the part that is wrong.
pcapng::Result<std::vector<EventChoice>> parse_event_choices(std::string_view text);

}  // namespace capture
