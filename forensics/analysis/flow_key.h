// SPDX-License-Identifier: GPL-2.0-only
//
// FlowKey: both ends of a conversation, its protocol and where it was seen, the same for both
// directions. No padding: packet::KeyedHash takes its bytes.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

namespace forensics {

struct FlowKey {
    // Address (two words), port: of the lower and the higher end.
    std::array<uint64_t, 4> addresses{};
    uint64_t rest = 0;   // ports, protocol, kind
    uint64_t place = 0;  // network namespace, tunnel: see Vantages

    // Returns whether both are of the same ends, wherever they were seen.
    bool same_ends(const FlowKey& other) const {
        return rest == other.rest && addresses[0] == other.addresses[0] &&
               addresses[1] == other.addresses[1] && addresses[2] == other.addresses[2] &&
               addresses[3] == other.addresses[3];
    }
    // Word by word: the default is a call of memcmp(), for each packet.
    bool operator==(const FlowKey& other) const { return place == other.place && same_ends(other); }
};

// What else tells conversations of the same ends apart.
enum class KeyKind : uint8_t { kPlain, kPorts, kEcho };

struct KeyOfPacket {
    FlowKey key;
    bool from_lower = true;  // the sender is the lower end
};

// Addresses of 4 or 16 bytes.
inline KeyOfPacket make_key(std::span<const std::byte> source, std::span<const std::byte> target,
                            uint16_t source_port, uint16_t target_port, uint8_t protocol,
                            KeyKind kind, uint64_t place) {
    std::array<uint64_t, 2> from{};
    std::array<uint64_t, 2> to{};
    // Constant sizes: the compiler makes moves of them.
    if (source.size() == 4) {
        std::memcpy(from.data(), source.data(), 4);
        std::memcpy(to.data(), target.data(), 4);
    } else {
        std::memcpy(from.data(), source.data(), 16);
        std::memcpy(to.data(), target.data(), 16);
    }
    const bool from_lower = from[0] != to[0]   ? from[0] < to[0]
                            : from[1] != to[1] ? from[1] < to[1]
                                               : source_port <= target_port;
    const uint64_t low_port = from_lower ? source_port : target_port;
    const uint64_t high_port = from_lower ? target_port : source_port;
    const auto& low = from_lower ? from : to;
    const auto& high = from_lower ? to : from;
    return {.key = {.addresses = {low[0], low[1], high[0], high[1]},
                    .rest = low_port | (high_port << 16) | (uint64_t{protocol} << 32) |
                            (uint64_t{static_cast<uint8_t>(kind)} << 40) |
                            (uint64_t{source.size()} << 48),
                    .place = place},
            .from_lower = from_lower};
}

}  // namespace forensics
