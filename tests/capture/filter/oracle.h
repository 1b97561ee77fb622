// SPDX-License-Identifier: GPL-2.0-only
//
// libpcap's own interpreter, as the judge of what a filter means.
#pragma once

#include "packet/filter/packet_filter.h"
#include "tests/capture/filter/packets.h"

namespace test {

// pcap_offline_filter() on the whole packet.
bool libpcap_matches(const packet::ClassicProgram& program, const Bytes& packet);

// Whether libpcap takes it for a program.
bool libpcap_accepts(const packet::ClassicProgram& program);

// Where a program reads a word of memory that it may not have set, as libpcap's own does behind
// `geneve`, the interpreter decides by what happens to be there.
bool reads_unset_memory(const packet::ClassicProgram& program);

}  // namespace test
