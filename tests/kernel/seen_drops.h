// SPDX-License-Identifier: GPL-2.0-only
//
// Events of dropped packets, and the kernel's own counters of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/kernel/seen_events.h"

namespace test {

// The drops of IPv4 packets to this port of UDP or TCP.
std::vector<SeenEvent> drops_to(const std::string& file, uint16_t port);

// A counter of /proc/net/snmp or /proc/net/netstat in the namespace that the thread is in: "Udp",
// "InErrors".
uint64_t net_counter(const std::string& group, const std::string& name);

// Whether the kernel gives reasons, which 5.17 did first: older ones tell the place only.
bool has_reasons();
// Whether the kernel tells the socket that a packet came to.
bool has_receiver();

// The reason, where the kernel gives one, and the begin of the function's name.
void check_reason(const SeenEvent& event, const std::string& reason, const std::string& symbol);

}  // namespace test
