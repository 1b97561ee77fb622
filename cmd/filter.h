// SPDX-License-Identifier: GPL-2.0-only
//
// The packet filter of the command line: from its words or from a file (-F), compiled for the
// packets that the options lead to; and the listing of what it becomes (-d).
#pragma once

#include <optional>
#include <string>

#include "cmd/options.h"
#include "packet/filter/packet_filter.h"
#include "pcapng/result.h"

namespace cmd {

// None: every packet is wanted. An expression may make the resolver ask for names.
pcapng::Result<std::optional<packet::PacketFilter>> read_filter(const Options& options);

// The expression in a file, without its comments: from "#" to the end of the line, as for tcpdump.
pcapng::Result<std::string> read_expression(const std::string& name);

// Prints the program in classic BPF, or with -dd in eBPF. The exit status.
int list_filter(const Options& options);

}  // namespace cmd
