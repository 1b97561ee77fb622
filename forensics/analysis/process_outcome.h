// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessOutcome: what the events of a file say of one process: how it ended, and what failed.
// docs/events.md lists the events. Passive data; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "forensics/packet_types.h"
#include "packet/event/record.h"

namespace forensics {

// Returns the error that an event of a socket call tells, ECONNREFUSED, or "given-up" where a
// program didn't wait for the answer. Empty: it didn't fail.
std::string failure_of(const std::vector<packet::EventValue>& values);

struct ProcessOutcome {
    // Of process:exit. A process that a signal ended has no exit code.
    std::optional<uint64_t> exit_code = {};
    std::string exit_signal = {};     // SIGKILL, or a number
    uint64_t failed_connections = 0;  // socket:connect with an error, or given up
    uint64_t dropped_packets = 0;     // drop:packet

    // Notes an event of this process, one for which packet::is_event() holds.
    void add(const Packet& event);
};

}  // namespace forensics
