// SPDX-License-Identifier: GPL-2.0-only
//
// Translates classic BPF, which libpcap compiles expressions to, into an eBPF program. The program
// decides as a classic filter on a packet socket would, that is, as tcpdump: on the packet without
// the VLAN tag that the kernel takes off, or will take off behind XDP. It then tail-calls another
// program.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <vector>

#include "capture/filter/classic_bpf.h"
#include "pcapng/result.h"

namespace capture {

// The type of context that the program gets.
enum class FilterContext {
    kTc,
    kXdp,
    kXdpLinear,  // before Linux 5.18: packets are linear, and there is no helper to read them
    kCgroup,
};

// The programs that it tail-calls, as indexes of its BPF_MAP_TYPE_PROG_ARRAY.
enum FilterExit : uint32_t { kFilterMatch = 0, kFilterNoMatch = 1, kFilterExits };

struct FilterTarget {
    FilterContext context = FilterContext::kTc;
    // Also emit direct packet access for the linear part of packets; all others, and at XDP those
    // with a tag, take a slower path. Set to false if the program would become too complex for the
    // verifier.
    bool direct = true;
    bool outgoing = false;  // for `inbound` and `outbound`
    bool ethernet = true;   // true: packets may have VLAN tags
    int exits_fd = -1;      // the map of programs to call
};

// How often a program may jump backwards, as `protochain` does for each header. A packet that would
// need more doesn't match.
constexpr uint32_t kFilterLoopLimit = 64;

// Returns the verdict that lets a packet pass.
int pass_verdict(FilterContext context);

// Returns the eBPF program, or an error if a program isn't valid classic BPF. `tagged` is for
// packets with a VLAN tag, null if `classic` is for these, too: see PacketFilter::tagged_program().
pcapng::Result<std::vector<bpf_insn>> translate_filter(const ClassicProgram& classic,
                                                       const ClassicProgram* tagged,
                                                       const FilterTarget& target);

}  // namespace capture
