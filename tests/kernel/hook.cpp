// SPDX-License-Identifier: GPL-2.0-only
#include "tests/kernel/hook.h"

#include "tests/kernel/ownership.h"

namespace test {

std::optional<Hook> hook_of(std::string_view name) {
    if (name == "tc") {
        return Hook::tc;
    }
    if (name == "xdp") {
        return Hook::xdp;
    }
    return name == "cgroup" ? std::optional(Hook::cgroup) : std::nullopt;
}

Ends at_hook(Hook hook, const Packet& packet, Ends ends) {
    if (hook == Hook::tc || packet.interface == "lo") {
        return ends;
    }
    const bool of_a_process = !ends.sender.empty() || !ends.receiver.empty();
    (packet.outbound ? ends.receiver : ends.sender).clear();
    if (hook == Hook::cgroup && !packet.outbound) {
        if (!ends.copies.empty()) {
            ends.receiver = ends.copies;
        }
        ends.via = {"socket"};
    } else if (of_a_process && ends.sender.empty() && ends.receiver.empty()) {
        // What is left to say is why there is no process at this end.
        ends.via = {"kernel"};
        if (hook == Hook::xdp) {
            ends.via.emplace_back("forwarded");
        }
        if (!packet.outbound && !ends.copies.empty()) {
            ends.via.emplace_back("unknown");
        }
    }
    return ends;
}

}  // namespace test
