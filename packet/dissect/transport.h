// SPDX-License-Identifier: GPL-2.0-only
//
// Headers behind the IP header: ports, TCP, UDP's payload, ICMP's echo. Each function reads an IP
// packet that isn't a later fragment, and returns nothing if the captured bytes end before what it
// reads. Which protocol it is, the caller has looked at. Pure. The headers that
// most packets have are read inline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "packet/dissect/network.h"

namespace packet {

inline constexpr size_t kTcpMinHeader = 20;
inline constexpr size_t kUdpHeader = 8;

struct Ports {
    uint16_t source = 0;
    uint16_t target = 0;
};

struct TcpHeader {
    static constexpr uint8_t kFin = 0x01;
    static constexpr uint8_t kSyn = 0x02;
    static constexpr uint8_t kRst = 0x04;
    static constexpr uint8_t kAck = 0x10;
    static constexpr uint8_t kUrg = 0x20;

    uint32_t sequence = 0;
    uint32_t acknowledgment = 0;
    uint8_t flags = 0;
    uint8_t header_length = 0;  // in bytes, as it says: perhaps below kTcpMinHeader
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

// TCP, UDP, UDP-Lite, SCTP and DCCP begin with them.
inline std::optional<Ports> read_ports(Piece segment) {
    if (!segment.has(4)) {
        return std::nullopt;
    }
    return Ports{.source = segment.u16(0), .target = segment.u16(2)};
}

// Reads as far as the window, so that it works on bytes that end before the checksum.
inline std::optional<TcpHeader> read_tcp(const Network& network) {
    constexpr size_t kRead = 16;
    const Piece segment = network.payload;
    if (!segment.has(kRead)) {
        return std::nullopt;
    }
    const auto length = static_cast<uint8_t>(segment.u8(12) / 16 * 4);
    return TcpHeader{
        .sequence = segment.u32(4),
        .acknowledgment = segment.u32(8),
        .flags = segment.u8(13),
        .header_length = length,
        .window = segment.u16(14),
        .whole = !network.fragment && length >= kTcpMinHeader && segment.length() >= length};
}

// The length that the UDP header says, itself included; of a datagram that is longer than 64 KiB
// and can't say it (RFC 2675), what the IP header says.
inline std::optional<size_t> read_udp_length(Piece datagram) {
    if (!datagram.has(kUdpHeader)) {
        return std::nullopt;
    }
    const size_t said = datagram.u16(4);
    return said == 0 ? datagram.length() : said;
}

// Nothing for other messages of IPPROTO_ICMP and IPPROTO_ICMPV6, too.
std::optional<Echo> read_echo(const Network& network);

}  // namespace packet
