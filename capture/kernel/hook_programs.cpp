// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/hook_programs.h"

#include <bpf/libbpf.h>

#include <array>
#include <cassert>
#include <string>
#include <utility>

#include "capture/kernel/features.h"

namespace capture {
namespace {

struct Entry {
    HookProgram program;
    Hook hook;         // the hook that uses it; kXdp uses those of kTc, too
    const char* name;  // of the capturing program; the learning one has "learn_" before it
    bool LinkLayers::*layer = nullptr;  // at interfaces: of which it is
};

constexpr std::array<Entry, 8> kPrograms{{
    {HookProgram::kEthernetIn, Hook::kTc, "ethernet_in", &LinkLayers::ethernet},
    {HookProgram::kEthernetOut, Hook::kTc, "ethernet_out", &LinkLayers::ethernet},
    {HookProgram::kIpIn, Hook::kTc, "ip_in", &LinkLayers::ip},
    {HookProgram::kIpOut, Hook::kTc, "ip_out", &LinkLayers::ip},
    {HookProgram::kLoopback, Hook::kTc, "loopback", &LinkLayers::loopback},
    {HookProgram::kXdpIn, Hook::kXdp, "xdp_in", &LinkLayers::ethernet},
    {HookProgram::kSocketIn, Hook::kCgroup, "socket_in"},
    {HookProgram::kSocketOut, Hook::kCgroup, "socket_out"},
}};

bool uses(Hook hook, const LinkLayers& layers, const Entry& entry) {
    return (entry.hook == hook || (hook == Hook::kXdp && entry.hook == Hook::kTc)) &&
           (entry.layer == nullptr || layers.*entry.layer);
}

bpf_program* capturing(const bpf_object& object, const Entry& entry) {
    bpf_program* program = bpf_object__find_program_by_name(&object, entry.name);
    assert(program != nullptr);
    return program;
}

// Returns the learning program, or null for socket_in: nothing can be learnt from packets there.
bpf_program* learning(const bpf_object& object, const Entry& entry) {
    return bpf_object__find_program_by_name(&object, ("learn_" + std::string(entry.name)).c_str());
}

}  // namespace

bpf_program* capturing_program(const bpf_object& object, HookProgram program) {
    for (const Entry& entry : kPrograms) {
        if (entry.program == program) {
            return capturing(object, entry);
        }
    }
    return nullptr;
}

void choose_hook_programs(bpf_object& object, Hook hook, const LinkLayers& layers, bool learns,
                          const Features& kernel) {
    for (const Entry& entry : kPrograms) {
        const bool used = uses(hook, layers, entry);
        const std::pair<bpf_program*, bool> both[] = {{capturing(object, entry), used},
                                                      {learning(object, entry), used && learns}};
        for (const auto& [program, wanted] : both) {
            if (program == nullptr) {
                continue;
            }
            bpf_program__set_autoload(program, wanted);
            if (entry.hook == Hook::kXdp && kernel.has_xdp_pieces()) {
                bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
            }
        }
    }
}

Result<FilterPrograms> load_filters(const bpf_object& object, Hook hook, const LinkLayers& layers,
                                    const packet::PacketFilter& filter, bool out,
                                    const Features& kernel) {
    FilterPrograms filters;
    const FilterSetting setting{hook == Hook::kXdp && kernel.has_xdp_pieces(), out};
    for (const Entry& entry : kPrograms) {
        if (!uses(hook, layers, entry)) {
            continue;
        }
        const bpf_program* learns = learning(object, entry);
        const FilterPrograms::Exits exits{bpf_program__fd(capturing(object, entry)),
                                          learns != nullptr ? bpf_program__fd(learns) : -1};
        if (auto added = filters.add(entry.program, filter, setting, exits); !added) {
            return std::move(added).error();
        }
    }
    return filters;
}

}  // namespace capture
