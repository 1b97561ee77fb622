// SPDX-License-Identifier: GPL-2.0-only
//
// The Internet checksum (RFC 1071) of headers and, with the addresses, of what they carry. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "packet/dissect/network.h"
#include "packet/dissect/piece.h"

namespace packet {

// What a checksum should be, given the one that is in the bytes.
struct Checksum {
    uint16_t found = 0;
    uint16_t right = 0;

    bool correct() const { return found == right; }
};

// Returns the checksum of an IPv4 header, or nothing if not all of the header was captured.
std::optional<Checksum> header_checksum(Piece packet);

// Returns the checksum at `at` of ICMP, which covers its message alone. Nothing if bytes of it
// weren't captured or it is a fragment.
std::optional<Checksum> message_checksum(const Network& network, size_t at);

// Returns the checksum at `at` of TCP, UDP or ICMPv6, which covers the addresses, too (RFC 9293,
// 3.1; RFC 8200, 8.1). Nothing if it can't be told: bytes weren't captured, it is a fragment, or
// `packet`, of which `network` was read, has a source route, or is IPv6 with extension headers.
std::optional<Checksum> transport_checksum(Piece packet, const Network& network, size_t at);

}  // namespace packet
