// SPDX-License-Identifier: GPL-2.0-only
//
// What a conversation needs to know of a packet: addresses, protocol, ports, TCP's header. Of a
// packet in a tunnel, those of the innermost one, and which tunnels it came through. The captured
// bytes may end anywhere (snaplen): lengths are the headers', never more than what encloses them.
// Views into the packet's bytes. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "packet/dissect/network.h"
#include "packet/dissect/transport.h"
#include "packet/dissect/tunnel.h"

namespace packet {

// The tunnels that a packet came through.
struct Tunnels {
    static constexpr size_t kMost = 3;

    size_t count = 0;
    std::array<Tunnel, kMost> all{};
};

struct Dissected {
    Network network;
    bool has_ports = false;  // TCP, UDP, UDP-Lite, SCTP, DCCP; not in later fragments
    uint16_t source_port = 0;
    uint16_t target_port = 0;
    std::optional<TcpHeader> tcp;
    std::optional<Echo> echo;
    Piece payload;                   // of TCP and UDP
    std::optional<Tunnels> tunnels;  // few packets come through one

    // The tunnels that it came through, the outermost first.
    std::span<const Tunnel> through() const {
        return tunnels ? std::span(tunnels->all).first(tunnels->count) : std::span<const Tunnel>();
    }
};

// Returns nothing if it isn't IP, or is too short to tell.
std::optional<Dissected> dissect(uint16_t link_type, std::span<const uint8_t> data,
                                 uint32_t wire_length);

}  // namespace packet
