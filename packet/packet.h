// SPDX-License-Identifier: GPL-2.0-only
//
// Packet: a packet with the processes at its ends. Every source returns it: a running capture
// (capture::Session) or a file (forensics::Source). Passive data. Views and pointers are valid
// until the source's next call, unless the source promises more.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "packet/event/layout.h"
#include "packet/process.h"
#include "packet/via.h"
#include "pcapng/blocks.h"

namespace packet {

using pcapng::Direction;

// "in", "out"; empty for Direction::kUnknown.
std::string_view direction_name(Direction direction);

// An interface of the source. One that vanishes and comes back during a capture is a new one.
struct Interface {
    uint32_t number = 0;     // from 0, in the order in which the source met them
    uint16_t link_type = 1;  // LINKTYPE_ of the tcpdump group: 1 Ethernet, 101 raw IP
    uint32_t snaplen = 0;    // 0: no limit
    std::string name;
    std::optional<std::array<uint8_t, 6>> mac = {};
    // Not null: the interface is an event, `name` is the event's and packets are its records in
    // frames (packet/event/frame.h). Its link type is Ethernet.
    std::shared_ptr<const EventLayout> event = {};
};

// One end of a packet. Without a process, `via` says why there is none.
struct End {
    const Process* process = nullptr;
    uint32_t tid = 0;
    Via via = Via::kUnrecorded;
    // The user and group at the time of this packet; `process` has the latest. nullopt: not known.
    std::optional<uint32_t> uid = {};
    std::optional<uint32_t> gid = {};
    std::string_view user = {};  // the name of `uid`; empty: not known
};

// Returns the packet's own uid or, if that is not recorded, the latest uid of the process.
std::optional<uint32_t> uid_of(const End& end);
// Returns the name of uid_of(), or an empty text if it is not known.
std::string_view user_of(const End& end);

// At which end of a packet the process `Packet::self` is.
enum class At : uint8_t { kUnknown, kSender, kReceiver };
// Returns the default: the sender for an outbound packet, the receiver for an inbound one.
At at_by_direction(Direction direction);
// "sender", "receiver", "unknown".
std::string_view at_name(At at);

struct Packet {
    uint64_t number = 0;                   // from 1, in the order of the source
    uint64_t offset = 0;                   // of its block in the uncompressed file; 0 in a capture
    std::optional<uint64_t> time_ns = {};  // since the epoch
    const Interface* interface = nullptr;
    Direction direction = Direction::kUnknown;
    uint32_t wire_length = 0;            // bytes it had on the wire
    std::span<const uint8_t> data = {};  // from the link layer, VLAN tags included
    // Packets that the interface lost since the one before this; nullopt: not known.
    std::optional<uint64_t> drop_count = {};
    End self;  // the process at this end, or the only one that is known: see docs/file-format.md
    At self_at = At::kUnknown;
    End peer;  // the process at the other end, if it is known too

    bool attributed() const { return self.process != nullptr || peer.process != nullptr; }
};

// The sender and the receiver of a packet, as far as they are known. If it is not known at which
// end the process is, `either` has it and the other two are null.
struct Ends {
    const End* sender = nullptr;
    const End* receiver = nullptr;
    const End* either = nullptr;
};
Ends ends_of(const Packet& packet);

}  // namespace packet
