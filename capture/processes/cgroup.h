// SPDX-License-Identifier: GPL-2.0-only
//
// CgroupTree: maps cgroup ids to paths of the cgroup v2 hierarchy, and the reverse. A cgroup id is
// the inode number of its directory, and is never reused. Answers are cached, so that a removed
// cgroup keeps its path. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "capture/processes/cgroup_root.h"
#include "pcapng/result.h"

namespace capture {

class CgroupTree {
  public:
    // Opens the hierarchy by open_cgroup_root(), whose error it returns; CgroupTree() can stand in
    // then.
    static pcapng::Result<CgroupTree> open();

    // A tree that knows no cgroups.
    CgroupTree() = default;

    // From here on paths that aren't known come from `path_of(id)`, which returns an empty one if
    // it doesn't know it either.
    void ask(std::function<std::string(uint64_t id)> path_of) { path_of_ = std::move(path_of); }

    // Returns the path of a cgroup from the root, "/" for the root itself, or an empty string if it
    // is not known: for id 0, and for a cgroup that was removed before it was first asked for.
    const std::string& path(uint64_t id);

    // Return the id of the cgroup with a path as in /proc/PID/cgroup, or 0 if it is not known; and
    // that path as it is from the root, from where a cgroup namespace of the reader's leaves it.
    uint64_t id(const std::string& path) const;
    std::string from_root(const std::string& path) const;

    // The root's directory; -1 if no cgroups are known.
    int fd() const { return root_.directory.get(); }
    const std::string& mount_point() const { return root_.mount_point; }

  private:
    explicit CgroupTree(CgroupRoot root);

    std::string path_by_handle(uint64_t id);
    void walk();

    CgroupRoot root_;
    std::function<std::string(uint64_t id)> path_of_;
    std::string namespace_path_;  // of the cgroup namespace that this process is in; empty: "/"
    bool handles_work_ = true;
    uint64_t walks_paid_ns_ = 0;  // CLOCK_MONOTONIC: until when past walks use up their share
    std::unordered_map<uint64_t, std::string> paths_;
};

}  // namespace capture
