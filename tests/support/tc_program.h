// SPDX-License-Identifier: GPL-2.0-only
//
// Programs that others hang on an interface: what stays theirs whatever pidcap does.
#pragma once

#include <cstdint>
#include <string>

#include "pcapng/fd.h"

namespace test {

enum class Hook { kIngress, kEgress };

// A program that answers every packet with `verdict`; adds an 802.1Q tag first where asked to.
pcapng::Fd load_tc_program(int verdict, uint16_t vlan_id = 0);

// Behind the tcx programs that are there, in the namespace that the thread is in. The program goes
// with the descriptor.
// `first`: before the programs that are there, not behind them.
pcapng::Fd attach_tcx(const pcapng::Fd& program, const std::string& interface, Hook hook,
                      bool first = false);

// A filter on the interface's clsact qdisc, which must be there.
void attach_filter(const pcapng::Fd& program, const std::string& interface, Hook hook,
                   uint32_t priority);

// How many tcx programs the kernel has on an interface, in both directions.
int count_tcx(const std::string& interface);

}  // namespace test
