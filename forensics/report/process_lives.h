// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessLives: when the events of a file say that processes began and ended. Memory grows with the
// number of processes, by 72 bytes each. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "forensics/packet_types.h"

namespace forensics {

// Times of the events of one process.
struct ProcessLife {
    uint64_t events = 0;
    std::optional<uint64_t> first_ns = {};
    std::optional<uint64_t> last_ns = {};
    std::optional<uint64_t> fork_ns = {};
    std::optional<uint64_t> exit_ns = {};
};

class ProcessLives {
  public:
    // For an event: packet::is_event() holds.
    void add(const Packet& event);

    // Returns what was added of the process; nothing of one without events.
    ProcessLife of(const Process& process) const;

  private:
    std::vector<ProcessLife> lives_;  // by the process's number
};

}  // namespace forensics
