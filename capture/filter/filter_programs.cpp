// SPDX-License-Identifier: GPL-2.0-only
#include "capture/filter/filter_programs.h"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "capture/kernel/privilege.h"

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Fd;

struct Kind {
    bpf_prog_type type;
    bpf_attach_type attach;
    uint32_t flags;
};

Kind kind_of(HookProgram program, const FilterSetting& setting) {
    switch (program) {
        case HookProgram::kXdpIn:
            // Must have the same flags as the program that it calls, or the kernel refuses it
            // (since 5.18).
            return {BPF_PROG_TYPE_XDP, BPF_XDP,
                    setting.xdp_helpers ? uint32_t{BPF_F_XDP_HAS_FRAGS} : 0};
        case HookProgram::kSocketIn:
            return {BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, 0};
        case HookProgram::kSocketOut:
            return {BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, 0};
        default:
            return {BPF_PROG_TYPE_SCHED_CLS, bpf_attach_type{}, 0};
    }
}

FilterTarget target_of(HookProgram program, const FilterSetting& setting, int exits_fd) {
    FilterTarget target;
    target.exits_fd = exits_fd;
    target.direct = setting.direct;
    target.ethernet = link_type(program) == packet::LinkType::kEthernet;
    target.outgoing = program == HookProgram::kEthernetOut || program == HookProgram::kIpOut ||
                      program == HookProgram::kSocketOut ||
                      (program == HookProgram::kLoopback && setting.loopback_outgoing);
    if (program == HookProgram::kXdpIn) {
        target.context = setting.xdp_helpers ? FilterContext::kXdp : FilterContext::kXdpLinear;
    } else if (program == HookProgram::kSocketIn || program == HookProgram::kSocketOut) {
        target.context = FilterContext::kCgroup;
    }
    return target;
}

// Returns the error for a filter that the kernel refused. It doesn't quote the verifier, whose log
// says nothing about the user's expression.
Error refusal(int code, size_t instructions) {
    if (code == EPERM) {
        return privilege_error("load the filter into the kernel", code);
    }
    if (code == ENOMEM) {
        return errno_error("load the filter into the kernel", code);
    }
    return Error{fmt::format("the filter is too complex for this kernel ({} instructions): use "
                             "fewer conditions, or nets instead of hosts",
                             instructions),
                 code};
}

}  // namespace

packet::LinkType link_type(HookProgram program) {
    switch (program) {
        case HookProgram::kIpIn:
        case HookProgram::kIpOut:
        case HookProgram::kSocketIn:
        case HookProgram::kSocketOut:
            return packet::LinkType::kRawIp;
        default:
            return packet::LinkType::kEthernet;
    }
}

Result<std::vector<bpf_insn>> translate_for(HookProgram program, const packet::PacketFilter& filter,
                                            const FilterSetting& setting, int exits_fd) {
    const auto& classic = filter.program(link_type(program));
    if (!classic) {
        return classic.error();
    }
    const auto& tagged = filter.tagged_program();
    return translate_filter(*classic, tagged ? &*tagged : nullptr,
                            target_of(program, setting, exits_fd));
}

Result<Fd> FilterPrograms::load(HookProgram program, const packet::PacketFilter& filter,
                                const FilterSetting& setting, int exits_fd) {
    auto code = translate_for(program, filter, setting, exits_fd);
    if (!code) {
        return std::move(code).error();
    }
    const Kind kind = kind_of(program, setting);
    LIBBPF_OPTS(bpf_prog_load_opts, options);
    options.expected_attach_type = kind.attach;
    options.prog_flags = kind.flags;
    // Some helpers require a GPL-compatible licence.
    const int fd = bpf_prog_load(kind.type, "filter", "GPL", code->data(), code->size(), &options);
    if (fd < 0) {
        return refusal(-fd, code->size());
    }
    return Fd(fd);
}

Result<void> FilterPrograms::add(HookProgram program, const packet::PacketFilter& filter,
                                 const FilterSetting& setting, const Exits& exits) {
    if (const auto& classic = filter.program(link_type(program)); !classic) {
        loaded_.emplace(program, classic.error());
        return {};
    }
    Loaded loaded;
    loaded.exits = Fd(bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "filter_exits", sizeof(uint32_t),
                                     sizeof(uint32_t), kFilterExits, nullptr));
    if (!loaded.exits.valid()) {
        return errno_error("create the map of programs behind the filter", errno);
    }
    auto filtering = load(program, filter, setting, loaded.exits.get());
    if (!filtering && setting.direct) {
        FilterSetting plain = setting;
        plain.direct = false;
        filtering = load(program, filter, plain, loaded.exits.get());
    }
    if (!filtering) {
        return std::move(filtering).error();
    }
    loaded.program = *std::move(filtering);
    const std::pair<FilterExit, int> ways[] = {{kFilterMatch, exits.match},
                                               {kFilterNoMatch, exits.no_match}};
    for (const auto& [exit, to] : ways) {
        const uint32_t key = exit;
        if (to < 0) {
            continue;
        }
        if (const int error = bpf_map_update_elem(loaded.exits.get(), &key, &to, BPF_ANY)) {
            return errno_error("lead from the filter to the programs behind it", -error);
        }
    }
    loaded_.emplace(program, std::move(loaded));
    return {};
}

std::vector<int> FilterPrograms::fds() const {
    std::vector<int> fds;
    for (const auto& [program, loaded] : loaded_) {
        if (loaded) {
            fds.push_back(loaded->program.get());
        }
    }
    return fds;
}

Result<int> FilterPrograms::program_fd(HookProgram program) const {
    const auto found = loaded_.find(program);
    if (found == loaded_.end()) {
        return Error{"no filter was loaded for this hook"};
    }
    if (!found->second) {
        return found->second.error();
    }
    return found->second->program.get();
}

}  // namespace capture
