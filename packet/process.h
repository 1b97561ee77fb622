// SPDX-License-Identifier: GPL-2.0-only
//
// Process: what a source of packets knows about one process, whether it runs now or is recorded in
// a file. Passive data, owned by its source, which says how long pointers are valid. A member that
// is empty, 0 or nullopt is not known. Texts are as the process set them: any byte may stand in
// them.
//
// process_fields.h lists the members with their names in comments, expressions and tables.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "packet/dissect/address.h"
#include "packet/rare_text.h"

namespace packet {

struct Process {
    // Identifies the process within its source: from 0, never used for another process.
    uint32_t number = 0;
    // Grows whenever one of the members below changes (exec, rename, more that a file records).
    uint32_t version = 0;

    std::string host;  // where it ran, if the file names it
    // As the capture saw it in its own /proc; in the initial PID namespace if `pidns` says so.
    uint32_t pid = 0;
    // ns since the epoch; with pid and host it is the process's identity. A file of another tool
    // may not record it: then its section has one process for each pid.
    uint64_t start_ns = 0;
    std::optional<uint64_t> end_ns;  // ns since the epoch
    std::optional<uint32_t> ppid;
    std::string parent_comm;
    std::string comm;
    std::string exe;
    // The file behind `exe`: MAJOR:MINOR of its file system's device, and its inode number.
    std::string exe_device;
    uint64_t exe_inode = 0;
    // Inode number of the mount namespace that `exe` is a path of, if that isn't the capture's own.
    uint64_t mntns = 0;
    // The arguments, each ended by a NUL as in /proc/PID/cmdline; a comment in a file has them
    // joined by spaces.
    std::string cmdline;
    std::optional<uint32_t> uid;  // the latest that is known; a packet has its own, see End
    std::optional<uint32_t> gid;  // likewise
    std::string user;             // the name of `uid`
    std::string container;        // full id
    RareText container_name;      // these four as its runtime has them; in a pod, as the manifest
    RareText container_image;
    RareText pod_name;
    RareText pod_namespace;
    // The addresses of its container, each with the container's name; null: not known. A source
    // that is a file never has them: name resolution blocks do.
    std::shared_ptr<const std::vector<NamedAddress>> container_addresses;
    std::string unit;    // systemd unit
    std::string cgroup;  // path in cgroup v2, "/" at its root
    uint64_t netns = 0;  // inode number of the network namespace
    uint32_t nspid = 0;  // pid in its own PID namespace
    // Of a capture in a PID namespace of its own (a container, WSL): the pid in the initial one;
    // and that one's inode number, if `pid` too is of there, because the capture's own hasn't got
    // the process.
    uint32_t host_pid = 0;
    uint64_t pidns = 0;
};

// What is recorded about the parent of a process.
struct ParentRecord {
    uint32_t pid = 0;
    std::string_view comm = {};  // empty: not known; valid while the process is unchanged
    uint64_t pidns = 0;          // that of the child: both pids are of one namespace
};
// Returns nullopt if nothing is recorded or the process has no parent.
std::optional<ParentRecord> recorded_parent(const Process& process);

// Returns the command line with one space between the arguments, as ps shows it.
std::string joined_arguments(const Process& process);

}  // namespace packet
