// SPDX-License-Identifier: GPL-2.0-only
#include "capture/hooks/socket_hook.h"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include "capture/hooks/netns.h"
#include "packet/link_type.h"

namespace capture {

Result<void> SocketHook::attach(Sink& sink) {
    ledger_.begin(sink);
    const struct {
        HookProgram program;
        bpf_attach_type type;
    } places[] = {{HookProgram::kSocketOut, BPF_CGROUP_INET_EGRESS},
                  {HookProgram::kSocketIn, BPF_CGROUP_INET_INGRESS}};
    for (const auto& place : places) {
        // A link (Linux 5.7) coexists with other tools' programs, and ends with this process.
        auto program = programs_->program_fd(place.program);
        if (!program) {
            return std::move(program).error();
        }
        int link = bpf_link_create(*program, cgroup_.get(), place.type, nullptr);
        if (link < 0) {
            return pcapng::errno_error(
                "attach to the root of cgroup v2 (another tool may have taken it without letting "
                "others in; `bpftool cgroup tree` tells)",
                -link);
        }
        links_.emplace_back(link);
    }
    return {};
}

// Returns the name that the kernel's program recorded.
std::string SocketHook::name_of(const InterfaceKey& key) const {
    std::string name = programs_->device_name(key.wire());
    if (name.empty()) {
        name = fmt::format("if{}", key.ifindex);
    }
    return interface_name(netns_label(key.netns), name);
}

Result<const packet::Interface*> SocketHook::find_for_packet(const InterfaceKey& key) {
    if (const packet::Interface* known = ledger_.find(key)) {
        return known;
    }
    // Nothing says when such an interface is gone, so a full ledger isn't told of any more of them.
    return ledger_.full() ? ledger_.others(packet::kLinkTypeRaw)
                          : ledger_.announce(key, {packet::kLinkTypeRaw, name_of(key), {}});
}

Result<void> SocketHook::announce_dropped() {
    for (const pidcap_interface& interface : programs_->drops().interfaces()) {
        if (ledger_.find(interface) != nullptr) {
            continue;
        }
        if (auto announced =
                ledger_.announce(interface, {packet::kLinkTypeRaw, name_of(interface), {}});
            !announced) {
            return std::move(announced).error();
        }
    }
    return ledger_.announce_others_dropped(packet::kLinkTypeRaw);
}

}  // namespace capture
