// SPDX-License-Identifier: GPL-2.0-only
//
// The header of an IPv4 or IPv6 packet with its extension headers, of captured bytes that may end
// anywhere. Views into those bytes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "packet/dissect/piece.h"

namespace packet {

// Both addresses of an IP packet, and where its header leads.
struct Network {
    std::span<const std::byte> source;  // 4 or 16 bytes
    std::span<const std::byte> target;
    uint8_t protocol = 0;  // IPPROTO_
    Piece payload;         // of that protocol
    size_t length = 0;     // bytes from its header on: without the link layer and its padding
    // A fragment: its offset and whether more follow. Only one at offset 0 has a header.
    bool fragment = false;
    bool more_fragments = false;
    uint32_t fragment_offset = 0;
    uint32_t fragment_id = 0;
    size_t missing = 0;  // bytes that the header promises beyond the packet's end
};

enum class NetworkProblem : uint8_t {
    kNone,
    kShort,         // the captured bytes end within the header
    kVersion,       // neither 4 nor 6
    kHeaderLength,  // IPv4: less than a header
    kLength,        // IPv4: less than its header
    kExtensions,    // the captured bytes, or what is bearable, end within the extension headers
};

// With kExtensions the addresses are known, too; with any other problem nothing is.
[[nodiscard]] NetworkProblem read_network(Piece packet, Network& network);

}  // namespace packet
