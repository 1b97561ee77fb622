// SPDX-License-Identifier: GPL-2.0-only
//
// What the kernel says of a process in /proc/PID/status, and of its children.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <sstream>
#include <string>

#include "tests/support/temporary_folder.h"

namespace test {

using ProcessStatus = std::map<std::string, std::string>;  // by the names before the colons

inline ProcessStatus status_of(pid_t pid) {
    ProcessStatus status;
    std::istringstream lines(content_of("/proc/" + std::to_string(pid) + "/status"));
    for (std::string line; std::getline(lines, line);) {
        const size_t colon = line.find(":\t");
        if (colon != std::string::npos) {
            status[line.substr(0, colon)] = line.substr(colon + 2);
        }
    }
    return status;
}

// By the names of the processes.
inline std::map<std::string, ProcessStatus> children_of(pid_t pid) {
    std::map<std::string, ProcessStatus> children;
    const std::string name = std::to_string(pid);
    std::istringstream pids(content_of("/proc/" + name + "/task/" + name + "/children"));
    for (pid_t child = 0; pids >> child;) {
        const ProcessStatus status = status_of(child);
        children[status.at("Name")] = status;
    }
    return children;
}

// `which`: "CapEff" and the like.
inline uint64_t capabilities(const ProcessStatus& status, const std::string& which) {
    return std::stoull(status.at(which), nullptr, 16);
}

}  // namespace test
