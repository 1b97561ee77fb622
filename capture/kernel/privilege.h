// SPDX-License-Identifier: GPL-2.0-only
//
// Reads this process's capabilities, and explains why the kernel refused something. Stateless.
#pragma once

#include <sys/capability.h>

#include <array>
#include <string>
#include <string_view>

#include "pcapng/result.h"

namespace capture {

using pcapng::Error;

// A capability that a capture uses.
struct UsedCapability {
    cap_value_t value;
    const char* name;
    bool required;     // true: no capture without it
    const char* cost;  // what is lost without it
};

inline constexpr std::array<UsedCapability, 6> kUsedCapabilities{{
    {CAP_BPF, "CAP_BPF", true, "no program can be loaded"},
    {CAP_PERFMON, "CAP_PERFMON", true, "programs can't follow processes"},
    {CAP_NET_ADMIN, "CAP_NET_ADMIN", true, "programs can't be attached to interfaces and cgroups"},
    {CAP_NET_RAW, "CAP_NET_RAW", false,
     "interfaces that -i names aren't put into promiscuous mode: packets for other machines, as a "
     "bridge or a mirror port has them, are missing"},
    {CAP_SYS_PTRACE, "CAP_SYS_PTRACE", false,
     "sockets that other users' processes opened before the start stay unknown until they are "
     "used, and their executables have no path"},
    {CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", false,
     "sockets that other users' processes opened before the start stay unknown until they are "
     "used, because the lists of their descriptors are closed, and a new cgroup's path may be "
     "missing"},
}};

// Returns true if the capability is effective in this process. CAP_SYS_ADMIN stands in for CAP_BPF
// and CAP_PERFMON, as in the kernel.
bool has_capability(cap_value_t capability);

// Returns the capabilities that a capture requires and that this process lacks, as "CAP_BPF,
// CAP_NET_ADMIN"; empty if none. In a user namespace of its own a process may hold them all and
// still be refused: see in_user_namespace().
std::string missing_capabilities();

// Returns true if this process is in a user namespace other than the initial one. There the kernel
// doesn't accept its capabilities for bpf(2).
bool in_user_namespace();

// Returns the error for a bpf(2) call or an attach that failed at `what` ("load the capture
// programs") with the errno `code`. For EPERM it names the missing capabilities, or the other known
// reason (user namespace, kernel lockdown), and the next step.
Error privilege_error(std::string_view what, int code);

}  // namespace capture
