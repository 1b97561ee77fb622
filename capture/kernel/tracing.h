// SPDX-License-Identifier: GPL-2.0-only
//
// Chooses and attaches the programs that see which process uses a socket. They attach to kernel
// functions if the kernel allows that (the tracing tier), else to the tracepoints of system calls
// (the locked tier). Stateless.
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

// Return the name as on the command line, and the tier of kernel that it needs: "tracing" or
// "locked".
const char* name_of(Tracing tracing);
const char* tier_of(Tracing tracing);

// Returns what the kernel lacks for this kind of tracing, judged by its type information; empty if
// nothing.
std::string missing_for(Tracing tracing, const KernelTypes& kernel);

// Returns `wanted`, or an error if the kernel doesn't allow that. Without `wanted`, returns the
// first kind that the kernel allows. Needs the privilege to load programs.
Result<Tracing> choose_tracing(std::optional<Tracing> wanted, Features& kernel);

// Leaves out the programs of the other kinds of tracing (of all kinds if nullopt), and those on
// functions that this kernel doesn't have. Call it before loading.
void choose_tracing_programs(bpf_object& object, std::optional<Tracing> tracing,
                             const KernelTypes& kernel);

struct DestroyLink {
    void operator()(bpf_link* link) const;
};
using Link = std::unique_ptr<bpf_link, DestroyLink>;

// Attaches the programs that were loaded, but for those that CallEnds attaches. Destroying the
// links detaches them.
Result<std::vector<Link>> attach_tracing(const bpf_object& object, Tracing tracing,
                                         const Features& kernel);

// Returns how often the kernel skipped the program because it was already running on the same CPU
// and had been preempted there. This happens on Linux 7, and with PREEMPT.
uint64_t misses_of(int program_fd);
uint64_t misses_of(const bpf_program& program);
// Returns the sum for all programs that see the uses of sockets.
uint64_t missed_uses(const bpf_object& object);

}  // namespace capture
