// SPDX-License-Identifier: GPL-2.0-only
//
// The programs that take packets, and those that only learn from packets which a filter refused
// (bpf/tc.bpf.c, xdp.bpf.c, cgroup.bpf.c): found in the object by name. Stateless.
#pragma once

#include "capture/filter/filter_programs.h"
#include "capture/kernel/hook.h"

struct bpf_object;
struct bpf_program;

namespace capture {

class Features;

// The program that captures there.
bpf_program* capturing_program(const bpf_object& object, HookProgram program);

// Before loading: leaves out the programs of other hooks; they need no verifying. `learns`: those
// that learn are loaded, too.
void choose_hook_programs(bpf_object& object, Hook hook, bool learns, const Features& kernel);

// After loading: loads a filter before each program of the hook. `out`: packets on lo count as
// going out.
Result<FilterPrograms> load_filters(const bpf_object& object, Hook hook,
                                    const packet::PacketFilter& filter, bool out,
                                    const Features& kernel);

}  // namespace capture
