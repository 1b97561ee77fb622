// SPDX-License-Identifier: GPL-2.0-only
//
// The options of a capture that takes events beside packets. How they are read; what they become is
// capture::EventOptions.
#pragma once

#include <chrono>
#include <string_view>

#include "capture/events/event_choice.h"
#include "cmd/command_line.h"
#include "cmd/option_reader.h"

namespace cmd {

struct DeclaredEventOptions {
    explicit DeclaredEventOptions(CommandLine& line)
        : event(line.value("--event")),
          sample(line.value("--sample")),
          no_packets(line.flag("--no-packets")),
          kernel_addresses(line.flag("--kernel-addresses")) {}

    const Option& event;
    const Option& sample;
    const Option& no_packets;
    const Option& kernel_addresses;
};

// How often processes are sampled, of an option with this name.
Result<std::chrono::nanoseconds> parse_sample_interval(std::string_view option,
                                                       std::string_view text);

void read_event_options(const DeclaredEventOptions& declared, OptionReader& reader,
                        capture::EventOptions& events);

}  // namespace cmd
