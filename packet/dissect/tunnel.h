// SPDX-License-Identifier: GPL-2.0-only
//
// Headers of tunnels: what they carry, and which tunnel it is. Captured bytes may end anywhere.
// Views into those bytes. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "packet/dissect/network.h"

namespace packet {

enum class TunnelKind : uint8_t {
    kIpip,    // IPv4 in IP (RFC 2003, RFC 2473)
    kIpv6,    // IPv6 in IP (RFC 4213, RFC 2473)
    kGre,     // RFC 2784, with a key RFC 2890; NVGRE (RFC 7637)
    kVxlan,   // RFC 7348
    kGeneve,  // RFC 8926
    kTeredo,  // RFC 4380
    kMpls,    // RFC 3032
    kPppoe,   // RFC 2516
};
// "ipip", "ipv6", "gre", …
std::string_view tunnel_name(TunnelKind kind);

// A tunnel that a packet came through.
struct Tunnel {
    TunnelKind kind = TunnelKind::kIpip;
    // VXLAN's and GENEVE's network, GRE's key, PPPoE's session, MPLS's outermost label.
    std::optional<uint32_t> id = {};
    std::span<const std::byte> source = {};  // of the outer packet; empty: it isn't IP
    std::span<const std::byte> target = {};
};

struct TunnelContent {
    Tunnel tunnel;
    bool ethernet = false;  // else it is IP
    Piece payload;
};

// Reads what `outer` carries in a tunnel. `ports` and `data` are those of UDP, whose ports tell
// most tunnels. Returns nothing if it is no tunnel, or a fragment.
struct UdpContent {
    uint16_t source_port = 0;
    uint16_t target_port = 0;
    Piece data;
};
std::optional<TunnelContent> read_tunnel(const Network& outer, const UdpContent* udp);

}  // namespace packet
