// SPDX-License-Identifier: GPL-2.0-only
//
// Counts: what the hooks have seen in some time, by process and conversation, if the session counts
// packets instead of recording them (Session::take_counts). Passive data.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "capture/packet_types.h"
#include "packet/dissect/address.h"

namespace capture {

// Bytes are those of a captured packet: at sockets from the IP header on, else from the link layer.
struct Amount {
    uint64_t packets = 0;
    uint64_t bytes = 0;

    Amount& operator+=(const Amount& other) {
        packets += other.packets;
        bytes += other.bytes;
        return *this;
    }
    friend Amount operator+(Amount one, const Amount& other) { return one += other; }
    bool operator==(const Amount&) const = default;
};

// A conversation as one of its ends has it. Where both ends are seen here, both are there.
struct Conversation {
    uint32_t netns = 0;     // inode number
    uint8_t protocol = 0;   // IPPROTO_; 0 with addresses of length 0: not IP
    packet::Address local;  // at the end that is counted
    packet::Address remote;
    uint16_t local_port = 0;  // 0: the packets have none
    uint16_t remote_port = 0;

    bool operator==(const Conversation&) const = default;
};

// What the connection's own socket says, as of packets that it sent. Its retransmissions are
// segments since the connection began.
struct TcpState {
    uint32_t round_trip_us = 0;  // smoothed; 0: not known yet
    uint32_t first_retransmissions = 0;
    uint32_t retransmissions = 0;
};

struct CountedConversation {
    const Process* process = nullptr;  // null: none, and `via` says why
    Via via = Via::kUnknown;
    // At the other end, where that is on this machine, too; null: not known. The latest, if several
    // were.
    const Process* peer = nullptr;
    Conversation conversation;
    Amount out;  // this end has sent
    Amount in;
    std::optional<TcpState> tcp;
};

// A packet has one end that is counted; on lo two. So out + in + 2 * loopback is the sum of all
// conversations' out and in, and left_out, and uncounted.
struct Counts {
    double seconds = 0;
    std::vector<CountedConversation> conversations;
    Amount out;
    Amount in;
    Amount loopback;
    Amount left_out;   // ends, of processes that the process filter refuses
    Amount uncounted;  // ends, for which the kernel had no room
};

}  // namespace capture
