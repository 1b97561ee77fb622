// SPDX-License-Identifier: GPL-2.0-only
//
// How the programs see who uses a socket: at functions of the kernel where it allows that (the
// tracing tier), else at the tracepoints of system calls (the locked tier). Stateless.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pcapng/result.h"

struct bpf_link;
struct bpf_object;
struct bpf_program;

namespace capture {

class Features;
class KernelTypes;

using pcapng::Result;

enum class Tracing {
    kFentry,    // function entries and exits, by trampolines
    kKprobe,    // function entries, by probes
    kSyscalls,  // entries and exits of system calls
};

// As on the command line; and what kind of kernel it takes: "tracing" or "locked".
const char* name_of(Tracing tracing);
const char* tier_of(Tracing tracing);

// What the kernel lacks for it, without trying; empty: nothing.
std::string missing_for(Tracing tracing, const KernelTypes& kernel);

// The first of them that this kernel allows; or `wanted`, and an error if it doesn't allow that.
// Needs the privilege to load programs.
Result<Tracing> choose_tracing(std::optional<Tracing> wanted, Features& kernel);

// Before loading: leaves out the programs of the other ways (none: of all), and those on functions
// that this kernel doesn't have.
void choose_tracing_programs(bpf_object& object, std::optional<Tracing> tracing,
                             const KernelTypes& kernel);

struct DestroyLink {
    void operator()(bpf_link* link) const;
};
using Link = std::unique_ptr<bpf_link, DestroyLink>;

// After loading: attaches what was left in. Destroying the links detaches it.
Result<std::vector<Link>> attach_tracing(const bpf_object& object, const KernelTypes& kernel);

// How often the kernel left out the program because it was under way on the same CPU already, and
// had been preempted there: on Linux 7 and with PREEMPT.
uint64_t misses_of(const bpf_program& program);
// The same of all programs that see uses.
uint64_t missed_uses(const bpf_object& object);

}  // namespace capture
