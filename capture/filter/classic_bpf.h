// SPDX-License-Identifier: GPL-2.0-only
//
// Validates and analyses programs in classic BPF, the language that libpcap compiles to (McCanne
// and Jacobson, 1993; linux/filter.h). Pure functions.
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

// Returns what is wrong with a program, or nothing if it is valid. Faults are an unknown operation,
// a jump out of the program, a division by zero, and a path past the last instruction. Backward
// jumps are allowed, because libpcap emits them.
std::optional<std::string> fault_of(const ClassicProgram& program);

// Returns the program without backward jumps: `limit` + 1 copies of it in a row, in which a
// backward jump leads to the next copy. In the last copy it becomes a return of 0.
ClassicProgram unroll_loops(const ClassicProgram& program, size_t limit);

// Returns, for each instruction, whether execution can reach it.
std::vector<bool> reachable(const ClassicProgram& program);

// Returns how many bytes a load reads from the packet.
uint32_t load_width(const sock_filter& insn);

// Return true for a load from the packet at a fixed offset (ld, ldx msh), or at an offset from the
// index register.
bool is_absolute_load(const sock_filter& insn);
bool is_indirect_load(const sock_filter& insn);

// Loads of what the kernel knows of a packet beside its bytes (SKF_AD_ of linux/filter.h): the
// packet's type (PACKET_ of linux/if_packet.h), which libpcap uses for `inbound` and `outbound`,
// and the VLAN tag.
enum class AncillaryLoad { kNone, kPacketType, kVlanTag, kVlanTagPresent };
AncillaryLoad ancillary_load(const sock_filter& insn);

}  // namespace capture
