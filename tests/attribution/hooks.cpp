// SPDX-License-Identifier: GPL-2.0-only
#include "tests/attribution/hooks.h"

#include <map>

namespace bench {
namespace {

// What is different with --hook cgroup: fewer packets, or none.
struct AtSockets {
    size_t packets = 0;
    const char* unseen = nullptr;  // why there is nothing
};

// A datagram is there whole, not in fragments, and once for each socket that gets it. What nobody
// waits for comes to no socket, nor does an ICMP error; the kernel's reset over IPv6 leaves by
// none.
constexpr const char* kNoPacketSockets = "packet sockets are below IP";
constexpr const char* kNothingForwarded = "what is forwarded meets no socket";

const std::map<std::string, AtSockets> kAtSockets = {
    {"tcp-closed-port", {.packets = 8}},
    {"multicast-several", {.packets = 21}},
    {"broadcast-several", {.packets = 12}},
    {"multicast-to-self", {.packets = 18}},
    {"ping-late-replies", {.packets = 100}},
    {"port-unreachable", {.packets = 20}},
    {"dhcp-client", {.packets = 2}},
    {"fragments", {.packets = 24}},
    {"fragments-reversed", {.packets = 9}},
    {"forwarded", {.packets = 24}},
    {"kernel-answers", {.packets = 9}},
    {"packet-socket-before", {.unseen = kNoPacketSockets}},
    {"packet-socket", {.unseen = kNoPacketSockets}},
    {"packet-socket-receiver", {.unseen = kNoPacketSockets}},
    {"arping", {.unseen = kNoPacketSockets}},
    {"vlan", {.unseen = "sockets send by the device above the one that tags"}},
    {"container-out", {.unseen = kNothingForwarded}},
    {"container-ping", {.unseen = kNothingForwarded}},
    {"container-published-port", {.unseen = kNothingForwarded}},
    {"macvlan", {.unseen = kNothingForwarded}},
    {"forged-segment", {.unseen = kNothingForwarded}},
    {"raw-probes", {.packets = 14}},
};

void change(Scenario& scenario, const AtSockets& at_sockets) {
    if (at_sockets.unseen != nullptr) {
        scenario.prepare = [reason = at_sockets.unseen](Stage&) -> Play { throw Skip(reason); };
    } else {
        scenario.packets = at_sockets.packets;
    }
}

}  // namespace

Scenarios scenarios_at(test::Hook hook) {
    Scenarios scenarios = all_scenarios();
    if (hook != test::Hook::cgroup) {
        return scenarios;
    }
    size_t changed = 0;
    for (Scenario& scenario : scenarios) {
        if (const auto found = kAtSockets.find(scenario.name); found != kAtSockets.end()) {
            change(scenario, found->second);
            changed++;
        }
    }
    if (changed != kAtSockets.size()) {
        throw std::runtime_error("a scenario has another name in hooks.cpp");
    }
    return scenarios;
}

}  // namespace bench
