// SPDX-License-Identifier: GPL-2.0-only
//
// CgroupRoot: the root of the cgroup v2 hierarchy, wherever this process stands. A program that is
// attached there sees the sockets of every process; at the root of a cgroup namespace, as
// containers have one, only those within. No state, but one thread: a namespace is the thread's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

// Moves this thread, and the children that it makes later, into the initial cgroup namespace, for
// good. There the paths in /proc/PID/cgroup begin at the root of the hierarchy, those in
// /proc/self/mountinfo too. Does nothing if the thread is there already. Returns an error that says
// what to do if this needs CAP_SYS_ADMIN, or if no process of that namespace can be seen.
pcapng::Result<void> enter_initial_cgroup_namespace();

struct CgroupRoot {
    pcapng::Fd directory;
    // The path of `directory` where it is mounted, perhaps in another mount namespace. Empty if it
    // is mounted for this process alone.
    std::string mount_point;
};

// Opens the root, in the initial cgroup namespace: where it is mounted in this mount namespace,
// else in that of the first processes, else by a mount of its own that ends with the descriptor.
// Returns an error if none of them is possible. `proc` is where proc is mounted.
pcapng::Result<CgroupRoot> open_cgroup_root(const std::string& proc = "/proc");

struct CgroupMount {
    std::string id;  // as in statx(2)
    std::string path;
};

// Returns the mounts of the whole cgroup v2 hierarchy in the text of a mountinfo file.
std::vector<CgroupMount> parse_cgroup_mounts(std::string_view mountinfo);

}  // namespace capture
