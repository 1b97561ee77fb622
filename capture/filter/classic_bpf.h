// SPDX-License-Identifier: GPL-2.0-only
//
// Programs in classic BPF, the language that libpcap compiles to (McCanne and Jacobson, 1993;
// linux/filter.h): what is a program, and which way it may go. Pure functions.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "packet/filter/packet_filter.h"

namespace capture {

using packet::ClassicProgram;

// What is wrong with a program, if anything: an unknown operation, a jump out of it, a division by
// zero, an end that can be run over. Backward jumps are allowed, as libpcap makes them.
std::optional<std::string> fault_of(const ClassicProgram& program);

// The same without backward jumps: the program as often as they may be taken, one copy behind the
// other. Who would jump back from the last one returns 0.
ClassicProgram unroll_loops(const ClassicProgram& program, size_t limit);

// By instruction: whether the program can come there.
std::vector<bool> reachable(const ClassicProgram& program);

// How many bytes a load takes from the packet.
uint32_t load_width(const sock_filter& insn);

// Loads from the packet: at a fixed offset (ld, ldx msh), or behind the index register.
bool is_absolute_load(const sock_filter& insn);
bool is_indirect_load(const sock_filter& insn);

// Loads the packet's type (PACKET_ of linux/if_packet.h), by which libpcap tells `outbound`.
bool is_packet_type_load(const sock_filter& insn);

}  // namespace capture
