// SPDX-License-Identifier: GPL-2.0-only
//
// Classic BPF, as libpcap compiles expressions to, into an eBPF program that decides the same on
// the packet as it will stand in the file: with the VLAN tag that the kernel keeps beside it. Then
// it goes on to another program by a tail call. What "the same" is: pcap_offline_filter() on the
// whole packet.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <vector>

#include "capture/filter/classic_bpf.h"
#include "pcapng/result.h"

namespace capture {

// The packet's context, which the program is given.
enum class FilterContext {
    kTc,
    kXdp,
    kXdpLinear,  // before Linux 5.18: packets in one piece, and no helper to read them
    kCgroup,
};

// Where the program goes on: indexes of its BPF_MAP_TYPE_PROG_ARRAY.
enum FilterExit : uint32_t { kFilterMatch = 0, kFilterNoMatch = 1, kFilterExits };

struct FilterTarget {
    FilterContext context = FilterContext::kTc;
    // Read what lies in one piece where it lies; the rest, and tagged packets, take a slower way.
    // It is left out where the program would become too complex for the verifier.
    bool direct = true;
    bool outgoing = false;  // for `inbound` and `outbound`
    bool ethernet = true;   // and so there may be a VLAN tag beside the packet
    int exits_fd = -1;      // the map of programs
};

// How often a program may jump back, as `protochain` does for each header, before the packet is
// taken for one that doesn't match.
constexpr uint32_t kFilterLoopLimit = 64;

// The verdict that lets a packet go on.
int pass_verdict(FilterContext context);

// An error for a program that isn't classic BPF.
pcapng::Result<std::vector<bpf_insn>> translate_filter(const ClassicProgram& classic,
                                                       const FilterTarget& target);

}  // namespace capture
