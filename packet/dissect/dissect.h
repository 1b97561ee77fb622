// SPDX-License-Identifier: GPL-2.0-only
//
// What a conversation needs to know of a packet: addresses, protocol, ports, TCP's header. The
// captured bytes may end anywhere (snaplen): lengths are the headers', never more than what
// encloses them. Views into the packet's bytes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "packet/dissect/network.h"

namespace packet {

struct TcpHeader {
    static constexpr uint8_t kFin = 0x01;
    static constexpr uint8_t kSyn = 0x02;
    static constexpr uint8_t kRst = 0x04;
    static constexpr uint8_t kAck = 0x10;

    uint32_t sequence = 0;
    uint32_t acknowledgment = 0;
    uint8_t flags = 0;
    uint16_t window = 0;
    // The segment's length is known: no fragment, and a header length that makes sense.
    bool whole = false;

    bool has(uint8_t wanted) const { return (flags & wanted) == wanted; }
};

// ICMP or ICMPv6 echo, request or reply.
struct Echo {
    uint16_t id = 0;
    bool request = false;
};

struct Dissected {
    Network network;
    bool has_ports = false;  // TCP, UDP, UDP-Lite, SCTP, DCCP; not in later fragments
    uint16_t source_port = 0;
    uint16_t target_port = 0;
    std::optional<TcpHeader> tcp;
    std::optional<Echo> echo;
    Piece payload;  // of TCP and UDP
};

// Nothing: not IP, or too short to tell.
std::optional<Dissected> dissect(uint16_t link_type, std::span<const uint8_t> data,
                                 uint32_t wire_length);

}  // namespace packet
