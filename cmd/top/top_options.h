// SPDX-License-Identifier: GPL-2.0-only
//
// The command line of `pidcap top`. What is seen is chosen by the options of a capture: their
// values go through a capture's own parser. Passive data.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "cmd/options.h"
#include "cmd/stop.h"
#include "cmd/top/top_row.h"

namespace cmd {

struct TopOptions {
    Options capture;
    // The options of `capture` but those about processes, as words of a capture's command line: for
    // a capture of the same packets.
    std::vector<std::string> where;
    std::string processes_text;  // the options about processes, as they were given
    std::chrono::nanoseconds delay{std::chrono::seconds{1}};
    std::optional<uint64_t> count;  // how often it shows; none: until it is told to end
    bool once = false;              // prints lines instead of using the terminal
    bool json = false;              // prints JSON
    TopView view = TopView::kProcesses;
    TopSort sort = TopSort::kRate;

    bool uses_terminal() const { return !once && !json && !count; }
};

// `arguments` without "top".
std::variant<TopOptions, Stop> parse_top_options(std::span<const std::string> arguments);

}  // namespace cmd
