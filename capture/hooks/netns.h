// SPDX-License-Identifier: GPL-2.0-only
//
// Finds network namespaces, and enters one for a scope. An open Netns keeps its namespace alive, as
// does every socket that was opened in it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

using pcapng::Result;

struct Netns {
    uint32_t inum = 0;  // its inode number in nsfs
    std::string label;  // as in "label/eth0"; empty for the namespace of this process
    pcapng::Fd fd;
};

// Opens the namespace of this thread.
Result<Netns> current_netns();

// Opens a namespace by its name in /run/netns (see ip-netns(8)), by the path of a namespace file,
// or by the pid of a process in it. The first of these that exists is taken. Returns an error if
// none does.
Result<Netns> open_netns(const std::string& text);

// Returns all namespaces that have a process or a name, the current one first. Leaves out those
// that vanish meanwhile and those that we may not open.
Result<std::vector<Netns>> list_netns();

// Opens the namespace with this inode number, through a thread `tid` that was seen in it, or by its
// name. Returns an error if neither leads to it.
Result<Netns> find_netns(uint32_t inum, uint32_t tid);

// Returns what comes before the "/" in the name of an interface of that namespace: the namespace's
// name, or "net:[N]" as the kernel writes it. Empty for the current namespace.
std::string netns_label(uint32_t inum);

// Returns the inode numbers of the network namespaces that are mounted in this mount namespace.
// These live on without a process.
std::set<uint32_t> mounted_netns();

// Does the same with the text of /proc/self/mountinfo.
std::set<uint32_t> parse_netns_mounts(const std::string& mountinfo);

// Keeps this thread in another network namespace as long as it lives. Needs CAP_SYS_ADMIN, unless
// that is the current one.
class NetnsEntry {
  public:
    static Result<NetnsEntry> enter(const Netns& target);
    NetnsEntry(NetnsEntry&& other) = default;
    NetnsEntry& operator=(NetnsEntry&&) = delete;
    ~NetnsEntry();

  private:
    explicit NetnsEntry(pcapng::Fd back) : back_(std::move(back)) {}
    pcapng::Fd back_;  // not valid if the thread never left
};

}  // namespace capture
