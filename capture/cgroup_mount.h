// SPDX-License-Identifier: GPL-2.0-only
//
// Where the unified cgroup hierarchy is. Reads /proc/self/mountinfo; stateless.
#pragma once

#include <istream>
#include <string>

namespace capture {

// The mount point of cgroup v2, empty if there is none. Where there are several, the first that
// shows the hierarchy from its root.
std::string cgroup2_mount();
std::string cgroup2_mount(std::istream& mountinfo);

}  // namespace capture
