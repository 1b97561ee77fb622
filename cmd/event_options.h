// SPDX-License-Identifier: GPL-2.0-only
//
// The options of a capture that takes events beside packets. How they are read; what they become is
// capture::EventOptions.
#pragma once

#include "capture/events/event_choice.h"
#include "cmd/command_line.h"
#include "cmd/option_reader.h"

namespace cmd {

struct DeclaredEventOptions {
    explicit DeclaredEventOptions(CommandLine& line)
        : event(line.value("--event")),
          no_packets(line.flag("--no-packets")),
          kernel_addresses(line.flag("--kernel-addresses")) {}

    const Option& event;
    const Option& no_packets;
    const Option& kernel_addresses;
};

void read_event_options(const DeclaredEventOptions& declared, OptionReader& reader,
                        capture::EventOptions& events);

}  // namespace cmd
