// SPDX-License-Identifier: GPL-2.0-only
//
// CgroupTree: the cgroup v2 hierarchy, wherever it is mounted: which path a cgroup id means, and
// the reverse. A cgroup id is the inode number of its directory, and never given twice.
// Remembers answers, so that a cgroup that is gone keeps the path that it had. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

// Where cgroup v2 is mounted, out of the text of /proc/self/mountinfo; empty where it is not.
std::string parse_cgroup_mount(std::string_view mountinfo);

class CgroupTree {
  public:
    // No cgroup v2 in `proc_root`/self/mountinfo is an error; see also CgroupTree().
    static pcapng::Result<CgroupTree> open(const std::string& proc_root = "/proc");

    // A tree that knows no cgroup.
    CgroupTree() = default;

    // The path of a cgroup from the mount's root, "/" for the root itself; empty where it is not
    // known: id 0, gone before it was asked for, outside of what is mounted.
    const std::string& path(uint64_t id);

    // The id of the cgroup of a path as in /proc/PID/cgroup; 0 where it is not known.
    uint64_t id(const std::string& path) const;

    const std::string& mount_point() const { return mount_point_; }

  private:
    CgroupTree(std::string mount_point, pcapng::Fd mount)
        : mount_point_(std::move(mount_point)), mount_(std::move(mount)) {}

    std::string path_by_handle(uint64_t id);
    void walk();

    std::string mount_point_;
    pcapng::Fd mount_;
    bool handles_work_ = true;
    uint64_t next_walk_ns_ = 0;  // CLOCK_MONOTONIC
    std::unordered_map<uint64_t, std::string> paths_;
};

}  // namespace capture
