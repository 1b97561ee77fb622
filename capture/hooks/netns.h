// SPDX-License-Identifier: GPL-2.0-only
//
// Network namespaces: finding them, and going into one for a moment. An open Netns keeps the
// namespace alive, as does every socket that was opened in it.
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
    std::string label;  // as in "label/eth0"; empty for the one that this program runs in
    pcapng::Fd fd;
};

// The one that this thread is in.
Result<Netns> current_netns();

// By name (in /run/netns, as ip-netns(8) has it), path (of a namespace file), or the pid of a
// process in it: the first of these that there is.
Result<Netns> open_netns(const std::string& text);

// All that have a process or a name, the current one first. What vanishes meanwhile, or may not be
// looked into, is left out.
Result<std::vector<Netns>> list_netns();

// The one with this number, through a thread that was seen in it or by its name; nothing there: an
// error.
Result<Netns> find_netns(uint32_t inum, uint32_t tid);

// What comes before the "/" in the name of an interface there: the namespace's name, or "net:[N]"
// as the kernel writes it. Empty for the current one.
std::string netns_label(uint32_t inum);

// The numbers of those that are mounted somewhere in this mount namespace: they live without a
// process.
std::set<uint32_t> mounted_netns();

// Out of the text of /proc/self/mountinfo.
std::set<uint32_t> parse_netns_mounts(const std::string& mountinfo);

// This thread is in another network namespace until the object's end. Needs CAP_SYS_ADMIN, unless
// it is the current one.
class NetnsEntry {
  public:
    static Result<NetnsEntry> enter(const Netns& target);
    NetnsEntry(NetnsEntry&& other) = default;
    NetnsEntry& operator=(NetnsEntry&&) = delete;
    ~NetnsEntry();

  private:
    explicit NetnsEntry(pcapng::Fd back) : back_(std::move(back)) {}
    pcapng::Fd back_;  // invalid: we never left
};

}  // namespace capture
