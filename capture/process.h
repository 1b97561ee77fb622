// SPDX-License-Identifier: GPL-2.0-only
//
// What is known about one process. Passive data, owned by the ProcessTable; a sink that is handed a
// `const Process*` may use it until it returns.
//
// A process is its pid AND its start time. The kernel's programs know the start in nanoseconds,
// /proc in clock ticks only: what is known from there first keeps its key when more is learnt.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace capture {

struct ProcessKey {
    uint32_t pid = 0;
    uint64_t start_ticks = 0;  // since boot, in USER_HZ (1/100 s), as field 22 of /proc/PID/stat
    uint64_t start_boot = 0;   // ns, exact; 0: not known when the process was first seen

    auto operator<=>(const ProcessKey&) const = default;
};

// Text is as the process set it: any byte may stand in it. An empty string or 0 means: not known.
struct Process {
    ProcessKey key;
    uint64_t start_ns = 0;  // since the epoch, as exact as the key; never changes
    uint32_t ppid = 0;
    uint32_t uid = 0;  // the latest that is known; a packet has its own, see End
    uint32_t gid = 0;
    uint32_t nspid = 0;  // pid in its own PID namespace
    uint32_t netns = 0;  // inode number of the network namespace
    std::string comm;
    std::string parent_comm;
    std::string exe;
    std::string cmdline;  // arguments, each ended by a NUL
    std::string user;
    std::string cgroup;     // path in cgroup v2, "/" at its root
    std::string container;  // full id
    std::string unit;       // systemd unit
    // Grows whenever one of the above changes (exec, rename): who has shown the process before
    // shows it again.
    uint32_t version = 0;
    bool exited = false;
};

}  // namespace capture
