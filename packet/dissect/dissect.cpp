// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/dissect.h"

#include <netinet/in.h>

#include "packet/dissect/link.h"
#include "packet/link_type.h"

namespace packet {
namespace {

bool begins_with_ports(uint8_t protocol) {
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
           protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

void add_ports(Dissected& packet) {
    if (const std::optional<Ports> ports = read_ports(packet.network.payload)) {
        packet.has_ports = true;
        packet.source_port = ports->source;
        packet.target_port = ports->target;
    }
}

void add_tcp(Dissected& packet) {
    packet.tcp = read_tcp(packet.network);
    if (packet.tcp && packet.tcp->whole) {
        packet.payload = packet.network.payload.after(packet.tcp->header_length);
    }
}

void add_udp(Dissected& packet) {
    const Piece datagram = packet.network.payload;
    const std::optional<size_t> length = read_udp_length(datagram);
    if (length && !packet.network.fragment) {
        packet.payload = datagram.first(*length).after(kUdpHeader);
    }
}

// Reads an IP packet, without what it may carry in a tunnel.
std::optional<Dissected> dissect_ip(Piece ip) {
    std::optional<Dissected> packet;
    packet.emplace();
    const NetworkProblem problem = read_network(ip, packet->network);
    if (problem == NetworkProblem::kExtensions) {
        return packet;  // a conversation of two addresses, at least
    }
    if (problem != NetworkProblem::kNone) {
        packet.reset();
        return packet;
    }
    if (packet->network.fragment_offset > 0) {
        return packet;  // without a header
    }
    if (begins_with_ports(packet->network.protocol)) {
        add_ports(*packet);
    }
    switch (packet->network.protocol) {
        case IPPROTO_TCP:
            add_tcp(*packet);
            break;
        case IPPROTO_UDP:
            add_udp(*packet);
            break;
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6:
            packet->echo = read_echo(packet->network);
            break;
        default:
            break;
    }
    return packet;
}

std::optional<TunnelContent> tunnel_in(const Dissected& packet) {
    if (packet.network.protocol == IPPROTO_TCP) {
        return std::nullopt;
    }
    const UdpContent udp{.source_port = packet.source_port,
                         .target_port = packet.target_port,
                         .data = packet.payload};
    const bool is_udp = packet.network.protocol == IPPROTO_UDP && packet.has_ports;
    return read_tunnel(packet.network, is_udp ? &udp : nullptr);
}

void add_tunnel(Dissected& packet, const Tunnel& tunnel) {
    if (!packet.tunnels) {
        packet.tunnels.emplace();
    }
    packet.tunnels->all[packet.tunnels->count++] = tunnel;
}

// What the link layer carries it in.
void add_link_tunnels(Dissected& packet, const Link& link) {
    if (link.mpls_count > 0) {
        add_tunnel(packet, {.kind = TunnelKind::kMpls, .id = link.mpls[0]});
    }
    if (link.pppoe_session) {
        add_tunnel(packet, {.kind = TunnelKind::kPppoe, .id = *link.pppoe_session});
    }
}

// Returns the packet within, or nothing if it isn't IP or too short to tell.
std::optional<Dissected> dissect_content(const TunnelContent& content) {
    if (!content.ethernet) {
        return dissect_ip(content.payload);
    }
    const Link link = read_link(kLinkTypeEthernet, content.payload.captured(),
                                static_cast<uint32_t>(content.payload.length()));
    return link.content == LinkContent::kIp ? dissect_ip(link.payload) : std::nullopt;
}

}  // namespace

std::optional<Dissected> dissect(uint16_t link_type, std::span<const uint8_t> data,
                                 uint32_t wire_length) {
    const Link link = read_link(link_type, std::as_bytes(data), wire_length);
    if (link.content != LinkContent::kIp) {
        return std::nullopt;
    }
    std::optional<Dissected> packet = dissect_ip(link.payload);
    if (packet) {
        add_link_tunnels(*packet, link);
    }
    while (packet && packet->through().size() < Tunnels::kMost) {
        const std::optional<TunnelContent> content = tunnel_in(*packet);
        std::optional<Dissected> inner = content ? dissect_content(*content) : std::nullopt;
        if (!inner) {
            break;  // no tunnel, or its own conversation is what is left
        }
        inner->tunnels = packet->tunnels;
        add_tunnel(*inner, content->tunnel);
        packet = inner;
    }
    return packet;
}

}  // namespace packet
