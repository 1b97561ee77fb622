// SPDX-License-Identifier: GPL-2.0-only
//
// CgroupRoot: the root of the cgroup v2 hierarchy, wherever this process stands. A program that is
// attached there sees the sockets of every process; at the root of a cgroup namespace, as
// containers have one, only those within. No state, but one thread: a namespace is the thread's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

// Moves this thread, and the children that it makes later, into the initial cgroup namespace, for
// good. There the paths in /proc/PID/cgroup begin at the root of the hierarchy, those in
// /proc/self/mountinfo too. Does nothing if the thread is there already. Returns an error if this
// needs CAP_SYS_ADMIN, or if no process of that namespace can be seen.
pcapng::Result<void> enter_initial_cgroup_namespace();

// FILEID_KERNFS of include/linux/exportfs.h: a handle of this type is an inode number, of 64 bits.
inline constexpr int kFileidKernfs = 0xfe;

struct CgroupRoot {
    pcapng::Fd directory;
    // In a cgroup namespace of its own: the inode number of that namespace's root, at which paths
    // in /proc/PID/cgroup begin; 0 in the initial one.
    uint64_t namespace_root = 0;
    // The path of `directory` where it is mounted, perhaps in another mount namespace. Empty if it
    // is mounted for this process alone.
    std::string mount_point;
};

// Opens the root: where it is mounted in this mount namespace, else in that of the first processes,
// else by a mount of its own that ends with the descriptor. In a cgroup namespace of its own a
// mount shows that namespace's part only; from there the root is opened by its file handle, which
// needs CAP_DAC_READ_SEARCH. Returns an error if none of them is possible. `proc` is where proc is
// mounted.
pcapng::Result<CgroupRoot> open_cgroup_root(const std::string& proc = "/proc");

struct CgroupMount {
    std::string id;  // as in statx(2)
    std::string path;
};

// Returns the mounts of the whole cgroup v2 hierarchy in the text of a mountinfo file.
std::vector<CgroupMount> parse_cgroup_mounts(std::string_view mountinfo);

}  // namespace capture
