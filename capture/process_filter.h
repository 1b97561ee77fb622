// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessFilter: whose packets are wanted. Different conditions are joined by "and", several values
// of one by "or". With `follow`, descendants of a process that matches are wanted too, whatever
// they are.
//
// Decided per packet from the process table, which stands at the packet's time. One thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

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
    ProcessFilter() = default;  // everything matches, also what has no process
    explicit ProcessFilter(ProcessConditions conditions) : conditions_(std::move(conditions)) {}

    // Call once the table has been scanned: descendants that run already are followed too.
    void start(const ProcessTable& table);

    // A process was forked: its parent may be wanted or followed.
    void forked(const Process& child, const Process* parent);

    // Whether a packet with these ends is wanted; either may be null.
    bool wants(const Process* self, const Process* peer) const;

  private:
    bool matches(const Process& process) const;

    ProcessConditions conditions_;
    std::set<ProcessKey> followed_;
};

}  // namespace capture
