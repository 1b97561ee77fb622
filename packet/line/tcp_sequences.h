// SPDX-License-Identifier: GPL-2.0-only
//
// TcpSequences: sequence numbers relative to the first ones of their conversation, as tcpdump
// counts them. Remembers the latest 16,384 conversations in 1 MiB: an older one starts anew, as one
// whose beginning wasn't seen. Whoever sends the packets can push out others' conversations, but
// neither make this grow nor choose which go, as the hash has a random key. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "packet/dissect/network.h"
#include "packet/dissect/transport.h"
#include "packet/keyed_hash.h"

namespace packet {

class TcpSequences {
  public:
    struct Relative {
        uint32_t sequence = 0;
        uint32_t acknowledgment = 0;
        uint32_t other_first = 0;  // what to take off what the other end has sent, as SACK names it
    };

    // Takes a segment into account, and returns its numbers. Absolute are, as for tcpdump, those of
    // a segment without ACK, and of the first one of a conversation.
    Relative relate(const Network& network, Ports ports, const TcpHeader& header);

  private:
    struct Conversation {  // the ends in an order that doesn't depend on the direction
        std::array<uint8_t, 16> low{};
        std::array<uint8_t, 16> high{};
        uint16_t low_port = 0;
        uint16_t high_port = 0;
        uint32_t address_size = 0;  // 0: none

        bool operator==(const Conversation&) const = default;
    };
    struct Slot {
        Conversation conversation;
        uint32_t low_first = 0;  // what `low` began with
        uint32_t high_first = 0;
        uint64_t used = 0;
    };

    Slot& find(const Conversation& conversation, bool& known);

    KeyedHash hash_;
    std::vector<Slot> slots_;  // empty before the first segment
    uint64_t now_ = 0;         // segments so far
};

}  // namespace packet
