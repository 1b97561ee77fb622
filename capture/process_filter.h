// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessFilter: whose packets are wanted. Different conditions are joined by "and", several values
// of one by "or". With `follow`, descendants of a process that matches are wanted too, whatever
// they are.
//
// Decided per packet from the process table, which stands at the packet's time; but the user is the
// packet's own, because the table hears late of a change. One thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "capture/packet.h"
#include "capture/process.h"
#include "capture/process_table.h"

namespace capture {

struct ProcessConditions {
    std::vector<ProcessKey> processes = {};
    std::vector<std::string> comms = {};
    std::vector<uint32_t> uids = {};
    bool follow = false;

    bool empty() const { return processes.empty() && comms.empty() && uids.empty(); }
};

class ProcessFilter {
  public:
    // So many descendants are remembered however long ago they ended.
    static constexpr size_t kFollowed = 65536;

    ProcessFilter() = default;  // everything matches, also what has no process
    explicit ProcessFilter(ProcessConditions conditions) : conditions_(std::move(conditions)) {}

    // Call once the table has been scanned: descendants that run already are followed too.
    void start(const ProcessTable& table);

    // A process was forked: its parent may be wanted or followed.
    void forked(const Process& child, const ProcessTable& table);

    // Whether one of the packet's ends is wanted.
    bool wants(const Packet& packet) const;
    // Whether the process is, as the user that it is by its last event.
    bool wants(const Process& process) const { return wants(process, process.uid); }

  private:
    bool wants(const Process& process, uint32_t uid) const;
    bool matches(const Process& process, uint32_t uid) const;
    void forget_unknown(const ProcessTable& table);

    ProcessConditions conditions_;
    std::set<ProcessKey> followed_;
    size_t forget_at_ = kFollowed;  // when there are so many, those that the table has forgotten go
};

}  // namespace capture
