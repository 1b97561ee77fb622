// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/dissect.h"

#include <netinet/in.h>

#include "packet/dissect/link.h"

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

}  // namespace

std::optional<Dissected> dissect(uint16_t link_type, std::span<const uint8_t> data,
                                 uint32_t wire_length) {
    std::optional<Dissected> packet;
    const Link link = read_link(link_type, std::as_bytes(data), wire_length);
    if (link.content != LinkContent::kIp) {
        return packet;
    }
    packet.emplace();
    const NetworkProblem problem = read_network(link.payload, packet->network);
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

}  // namespace packet
