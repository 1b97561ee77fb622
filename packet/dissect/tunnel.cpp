// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/tunnel.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

namespace packet {
namespace {

constexpr uint16_t kTransparentEthernet = 0x6558;
constexpr uint16_t kVxlanPort = 4789;
constexpr uint16_t kOldVxlanPort = 8472;  // Linux's default before RFC 7348, and flannel's
constexpr uint16_t kGenevePort = 6081;
constexpr uint16_t kTeredoPort = 3544;

// Returns nothing for what is neither Ethernet nor IP.
std::optional<TunnelContent> content(Tunnel tunnel, uint16_t ether_type, Piece payload) {
    const bool ethernet = ether_type == kTransparentEthernet;
    if (!ethernet && ether_type != ETH_P_IP && ether_type != ETH_P_IPV6) {
        return std::nullopt;
    }
    return TunnelContent{.tunnel = tunnel, .ethernet = ethernet, .payload = payload};
}

std::optional<TunnelContent> read_gre(Piece packet) {
    constexpr uint16_t kChecksum = 0x8000;
    constexpr uint16_t kRouting = 0x4000;
    constexpr uint16_t kKey = 0x2000;
    constexpr uint16_t kSequence = 0x1000;
    constexpr uint16_t kVersion = 0x0007;
    if (!packet.has(4)) {
        return std::nullopt;
    }
    const uint16_t flags = packet.u16(0);
    if ((flags & (kRouting | kVersion)) != 0) {
        return std::nullopt;
    }
    Tunnel tunnel{.kind = TunnelKind::kGre};
    size_t at = (flags & kChecksum) != 0 ? 8 : 4;
    if ((flags & kKey) != 0) {
        if (!packet.has(at + 4)) {
            return std::nullopt;
        }
        tunnel.id = packet.u32(at);
        at += 4;
    }
    at += (flags & kSequence) != 0 ? 4 : 0;
    return content(tunnel, packet.u16(2), packet.after(at));
}

std::optional<TunnelContent> read_vxlan(Piece data) {
    constexpr uint8_t kHasNetwork = 0x08;
    if (!data.has(8) || (data.u8(0) & kHasNetwork) == 0 || data.u8(7) != 0) {
        return std::nullopt;
    }
    return content({.kind = TunnelKind::kVxlan, .id = data.u32(4) >> 8}, kTransparentEthernet,
                   data.after(8));
}

std::optional<TunnelContent> read_geneve(Piece data) {
    if (!data.has(8) || data.u8(0) >> 6 != 0) {
        return std::nullopt;
    }
    const size_t options = size_t{data.u8(0) & 0x3fU} * 4;
    return content({.kind = TunnelKind::kGeneve, .id = data.u32(4) >> 8}, data.u16(2),
                   data.after(8 + options));
}

// RFC 4380, 5.1.1: an authentication and an origin may stand before the packet.
std::optional<TunnelContent> read_teredo(Piece data) {
    if (data.has(4) && data.u16(0) == 1) {
        data = data.after(size_t{13} + data.u8(2) + data.u8(3));
    }
    if (data.has(8) && data.u16(0) == 0) {
        data = data.after(8);
    }
    if (!data.has(1) || data.u8(0) >> 4 != 6) {
        return std::nullopt;
    }
    return content({.kind = TunnelKind::kTeredo}, ETH_P_IPV6, data);
}

std::optional<TunnelContent> read_udp(const UdpContent& udp) {
    if (udp.target_port == kVxlanPort || udp.target_port == kOldVxlanPort) {
        return read_vxlan(udp.data);
    }
    if (udp.target_port == kGenevePort) {
        return read_geneve(udp.data);
    }
    if (udp.target_port == kTeredoPort || udp.source_port == kTeredoPort) {
        return read_teredo(udp.data);
    }
    return std::nullopt;
}

std::optional<TunnelContent> read(const Network& outer, const UdpContent* udp) {
    switch (outer.protocol) {
        case IPPROTO_IPIP:
            return content({.kind = TunnelKind::kIpip}, ETH_P_IP, outer.payload);
        case IPPROTO_IPV6:
            return content({.kind = TunnelKind::kIpv6}, ETH_P_IPV6, outer.payload);
        case IPPROTO_GRE:
            return read_gre(outer.payload);
        default:
            return udp != nullptr ? read_udp(*udp) : std::nullopt;
    }
}

}  // namespace

std::string_view tunnel_name(TunnelKind kind) {
    switch (kind) {
        case TunnelKind::kIpip:
            return "ipip";
        case TunnelKind::kIpv6:
            return "ipv6";
        case TunnelKind::kGre:
            return "gre";
        case TunnelKind::kVxlan:
            return "vxlan";
        case TunnelKind::kGeneve:
            return "geneve";
        case TunnelKind::kTeredo:
            return "teredo";
        case TunnelKind::kMpls:
            return "mpls";
        case TunnelKind::kPppoe:
            return "pppoe";
    }
    return "";
}

std::optional<TunnelContent> read_tunnel(const Network& outer, const UdpContent* udp) {
    if (outer.fragment) {
        return std::nullopt;
    }
    std::optional<TunnelContent> found = read(outer, udp);
    if (found) {
        found->tunnel.source = outer.source;
        found->tunnel.target = outer.target;
    }
    return found;
}

}  // namespace packet
