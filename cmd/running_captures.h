// SPDX-License-Identifier: GPL-2.0-only
//
// What the processes of running captures may still do, from /proc/PID/status, for `pidcap doctor`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cmd {

struct RunningProcess {
    uint32_t pid = 0;
    std::string name;
    uint32_t uid = 0;  // effective
    uint32_t gid = 0;
    std::vector<uint32_t> groups;
    std::vector<std::string> capabilities;  // that it has in effect, as cap_sys_ptrace
    std::vector<std::string> bounding;      // that a program it executed could get
    bool no_new_privs = false;
    bool seccomp = false;  // a filter of system calls
};

// Reads the text of /proc/PID/status, but for the pid. A field that is missing stays as it is.
RunningProcess parse_rights(std::string_view status);

// Returns the processes with the names of pidcap's, without this one and its children.
std::vector<RunningProcess> running_captures();

}  // namespace cmd
