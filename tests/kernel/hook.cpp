// SPDX-License-Identifier: GPL-2.0-only
#include "tests/kernel/hook.h"

#include "tests/kernel/ownership.h"

namespace test {

std::optional<Hook> hook_of(std::string_view name) {
    for (const Hook hook : {Hook::tc, Hook::xdp, Hook::cgroup}) {
        if (name == name_of(hook)) {
            return hook;
        }
    }
    return std::nullopt;
}

const char* name_of(Hook hook) {
    switch (hook) {
        case Hook::tc:
            return "tc";
        case Hook::xdp:
            return "xdp";
        case Hook::cgroup:
            break;
    }
    return "cgroup";
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
