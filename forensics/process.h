// SPDX-License-Identifier: GPL-2.0-only
//
// A process as a file tells of it. Passive data, owned by the Source, at the same address until the
// Source goes; what is learnt later is added to it. Texts are what the file says: any byte may
// stand in them. Empty, 0 or nullopt: not told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace forensics {

// The same process is the same pid, start and host. A file that tells no start (another tool's) has
// one process for each pid of a section.
struct Process {
    uint32_t number = 0;  // from 0, in the order in which the Source met them
    std::string host;     // a merged file's `host=`; empty: the file's only host
    uint32_t pid = 0;
    uint64_t start_ns = 0;           // since the epoch
    std::optional<uint64_t> end_ns;  // told by a block on its exit
    std::optional<uint32_t> ppid;
    std::optional<uint32_t> uid;  // the latest that is told; a packet has its own
    std::string comm;             // comm and exe: the latest that are told
    std::string exe;
    std::string cmdline;  // arguments joined by one space
    std::string parent_comm;
    std::string user;
    std::string cgroup;
    std::string container;  // full id
    std::string unit;
    uint64_t netns = 0;
    uint32_t nspid = 0;
};

}  // namespace forensics
