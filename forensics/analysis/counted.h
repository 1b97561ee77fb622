// SPDX-License-Identifier: GPL-2.0-only
//
// Counted: what of a packet counts, where packets that cross several interfaces count once. Passive
// data.
#pragma once

#include <cstdint>
#include <optional>

#include "forensics/packet_types.h"

namespace forensics {

struct Counted {
    // A packet that was counted as one without a process, and now is of one.
    struct Before {
        Via reason = Via::kUnrecorded;
        uint32_t length = 0;  // on the wire
        uint64_t time_ns = 0;
    };

    bool again = false;  // it was counted at another interface
    Ends ends;           // whose processes it counts for: those for which it wasn't counted
    std::optional<Before> before = {};

    // What counts of a packet that is seen once.
    static Counted whole(const Packet& packet) { return {.ends = ends_of(packet)}; }
    bool has_ends() const {
        return ends.sender != nullptr || ends.receiver != nullptr || ends.either != nullptr;
    }
};

// Returns why the packet has no process.
inline Via reason_of(const Packet& packet) {
    return packet.self.via != Via::kUnrecorded ? packet.self.via : packet.peer.via;
}

}  // namespace forensics
