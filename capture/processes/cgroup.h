// SPDX-License-Identifier: GPL-2.0-only
//
// CgroupTree: maps cgroup ids to paths of the cgroup v2 hierarchy, and the reverse. A cgroup id is
// the inode number of its directory, and is never reused. Answers are cached, so that a removed
// cgroup keeps its path. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

// Returns where cgroup v2 is mounted, from the text of /proc/self/mountinfo, or an empty string if
// it isn't.
std::string parse_cgroup_mount(std::string_view mountinfo);

class CgroupTree {
  public:
    // Opens the hierarchy. Returns an error if `proc_root`/self/mountinfo has no cgroup v2 mount;
    // CgroupTree() can stand in then.
    static pcapng::Result<CgroupTree> open(const std::string& proc_root = "/proc");

    // A tree that knows no cgroups.
    CgroupTree() = default;

    // Returns the path of a cgroup from the mount's root, "/" for the root itself, or an empty
    // string if it is not known: for id 0, for a cgroup that was removed before it was first asked
    // for, and for one outside the mount.
    const std::string& path(uint64_t id);

    // Returns the id of the cgroup with a path as in /proc/PID/cgroup, or 0 if it is not known.
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
