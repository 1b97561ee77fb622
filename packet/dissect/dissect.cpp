// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/dissect.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

namespace packet {
namespace {

// https://www.tcpdump.org/linktypes.html
constexpr uint16_t kLinkNull = 0;
constexpr uint16_t kLinkEthernet = 1;
constexpr uint16_t kLinkRaw = 101;
constexpr uint16_t kLinkLinuxSll = 113;
constexpr uint16_t kLinkIpv4 = 228;
constexpr uint16_t kLinkIpv6 = 229;
constexpr uint16_t kLinkLinuxSll2 = 276;

constexpr int kMaxVlanTags = 4;
constexpr uint16_t kEtherTypeQinQ1 = 0x9100;  // before 802.1ad

constexpr size_t kTcpMinHeader = 20;
constexpr size_t kTcpRead = 16;  // as far as the window
constexpr size_t kUdpHeader = 8;
constexpr size_t kEchoHeader = 6;  // as far as the id
constexpr uint8_t kIcmpEchoReply = 0;
constexpr uint8_t kIcmpEcho = 8;
constexpr uint8_t kIcmp6Echo = 128;
constexpr uint8_t kIcmp6EchoReply = 129;

bool is_vlan(uint16_t type) {
    return type == ETH_P_8021Q || type == ETH_P_8021AD || type == kEtherTypeQinQ1;
}

// The IP packet behind an EtherType, which may be that of VLAN tags.
std::optional<Piece> after_ether_type(uint16_t type, Piece payload) {
    for (int tags = 0; is_vlan(type) && tags < kMaxVlanTags; ++tags) {
        if (!payload.has(4)) {
            return std::nullopt;
        }
        type = payload.u16(2);
        payload = payload.after(4);
    }
    if (type != ETH_P_IP && type != ETH_P_IPV6) {
        return std::nullopt;
    }
    return payload;
}

// An address family in the byte order of the machine that captured: IPv4 is 2 everywhere, IPv6 is
// 24 (NetBSD, OpenBSD), 28 (FreeBSD), 30 (Darwin) or 10 (Linux).
bool is_ip_family(uint32_t family) {
    if (family > 0xffff) {
        family = __builtin_bswap32(family);
    }
    return family == 2 || family == 10 || family == 24 || family == 28 || family == 30;
}

std::optional<Piece> ip_packet(uint16_t link_type, Piece frame) {
    switch (link_type) {
        case kLinkEthernet:
            if (!frame.has(ETH_HLEN)) {
                return std::nullopt;
            }
            return after_ether_type(frame.u16(ETH_HLEN - 2), frame.after(ETH_HLEN));
        case kLinkRaw:
        case kLinkIpv4:
        case kLinkIpv6:
            return frame;
        case kLinkNull:
            if (!frame.has(4) || !is_ip_family(frame.u32(0))) {
                return std::nullopt;
            }
            return frame.after(4);
        case kLinkLinuxSll:
            if (!frame.has(16)) {
                return std::nullopt;
            }
            return after_ether_type(frame.u16(14), frame.after(16));
        case kLinkLinuxSll2:
            if (!frame.has(20)) {
                return std::nullopt;
            }
            return after_ether_type(frame.u16(0), frame.after(20));
        default:
            return std::nullopt;
    }
}

void read_ports(Dissected& packet) {
    const Piece segment = packet.network.payload;
    if (segment.has(4)) {
        packet.has_ports = true;
        packet.source_port = segment.u16(0);
        packet.target_port = segment.u16(2);
    }
}

void read_tcp(Dissected& packet) {
    read_ports(packet);
    const Piece segment = packet.network.payload;
    if (!segment.has(kTcpRead)) {
        return;
    }
    const size_t header = size_t{segment.u8(12)} / 16 * 4;
    packet.tcp = TcpHeader{
        .sequence = segment.u32(4),
        .acknowledgment = segment.u32(8),
        .flags = segment.u8(13),
        .window = segment.u16(14),
        .whole = !packet.network.fragment && header >= kTcpMinHeader && segment.length() >= header};
    if (packet.tcp->whole) {
        packet.payload = segment.after(header);
    }
}

void read_udp(Dissected& packet) {
    read_ports(packet);
    const Piece datagram = packet.network.payload;
    if (datagram.has(kUdpHeader) && !packet.network.fragment) {
        // 0: a jumbogram (RFC 2675).
        const size_t length = datagram.u16(4) == 0 ? datagram.length() : datagram.u16(4);
        packet.payload = datagram.first(length).after(kUdpHeader);
    }
}

void read_echo(Dissected& packet, uint8_t request, uint8_t reply) {
    const Piece message = packet.network.payload;
    if (message.has(kEchoHeader) && (message.u8(0) == request || message.u8(0) == reply)) {
        packet.echo = Echo{.id = message.u16(4), .request = message.u8(0) == request};
    }
}

}  // namespace

std::optional<Dissected> dissect(uint16_t link_type, std::span<const uint8_t> data,
                                 uint32_t wire_length) {
    std::optional<Dissected> packet;
    const std::optional<Piece> ip = ip_packet(link_type, {std::as_bytes(data), wire_length});
    if (!ip) {
        return packet;
    }
    packet.emplace();
    const NetworkProblem problem = read_network(*ip, packet->network);
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
    switch (packet->network.protocol) {
        case IPPROTO_TCP:
            read_tcp(*packet);
            break;
        case IPPROTO_UDP:
            read_udp(*packet);
            break;
        case IPPROTO_UDPLITE:
        case IPPROTO_SCTP:
        case IPPROTO_DCCP:
            read_ports(*packet);
            break;
        case IPPROTO_ICMP:
            read_echo(*packet, kIcmpEcho, kIcmpEchoReply);
            break;
        case IPPROTO_ICMPV6:
            read_echo(*packet, kIcmp6Echo, kIcmp6EchoReply);
            break;
        default:
            break;
    }
    return packet;
}

}  // namespace packet
