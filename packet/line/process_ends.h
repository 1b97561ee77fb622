// SPDX-License-Identifier: GPL-2.0-only
//
// The processes at a packet's ends as one text. The sender stands left of the arrow, the receiver
// right of it:
//     curl[42] -> nginx[7]    both are known
//     curl[42] ->             only the sender is known
//     -> nginx[7]             only the receiver is known
//     curl[42] --             the file doesn't say at which end it is; also curl[42] -- nginx[7]
//     (kernel)                no process is known: the reason, if there is one
// What a process chose is made safe for a terminal. Pure.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "packet/packet.h"

namespace packet {

// Appends "curl[42]", or "?[42]" if the name is not known. The pid of a process that isn't in the
// capture's PID namespace stands as "curl[host:42]".
void append_process_name(fmt::memory_buffer& out, const Process& process, bool color);
void append_process_name(fmt::memory_buffer& out, const ParentRecord& parent, bool color);

// Appends the text above and a blank, or nothing if neither a process nor a reason is known.
void append_process_ends(fmt::memory_buffer& out, const Packet& packet, bool color);

}  // namespace packet
