// SPDX-License-Identifier: GPL-2.0-only
//
// Finds, by name, the programs that capture packets, and the learning ones, which only update the
// learned flows from packets that a filter refused (bpf/tc.bpf.c, xdp.bpf.c, cgroup.bpf.c).
// Stateless.
#pragma once

#include "capture/filter/filter_programs.h"
#include "capture/kernel/hook.h"

struct bpf_object;
struct bpf_program;

namespace capture {

class Features;

// Returns the program that captures at `program`'s hook.
bpf_program* capturing_program(const bpf_object& object, HookProgram program);

// Leaves out the programs of other hooks and link layers, so that the kernel needn't verify them.
// With `learns`, the learning programs are loaded, too. Call it before loading.
void choose_hook_programs(bpf_object& object, Hook hook, const LinkLayers& layers, bool learns,
                          const Features& kernel);

// Loads a filter in front of each program of the hook and the link layers. With `out`, packets on
// lo count as outgoing. Call it after loading.
Result<FilterPrograms> load_filters(const bpf_object& object, Hook hook, const LinkLayers& layers,
                                    const packet::PacketFilter& filter, bool out,
                                    const Features& kernel);

}  // namespace capture
