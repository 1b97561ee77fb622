// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>

#include "packet/line/decode_parts.h"

namespace packet {

void append_problem(fmt::memory_buffer& out, NetworkProblem problem, Piece packet,
                    const Network& network) {
    const int version = packet.has(1) ? packet.u8(0) >> 4 : 4;
    switch (problem) {
        case NetworkProblem::kNone:
            break;
        case NetworkProblem::kShort:
            append(out, "{}", version == 6 ? "IP6 [|ip6]" : "IP [|ip]");
            break;
        case NetworkProblem::kVersion:
            append(out, "IP [bad version {}], length {}", version, packet.length());
            break;
        case NetworkProblem::kHeaderLength:
            append(out, "IP [bad header length {}]", (packet.u8(0) & 0xf) * 4);
            break;
        case NetworkProblem::kLength:
            append(out, "IP [bad length {}]", packet.u16(2));
            break;
        case NetworkProblem::kExtensions:
            append(out, "IP6 ");
            append_ends(out, network, std::nullopt);
            append(out, ": [|ip6-ext]");
            break;
    }
}

void append_address(fmt::memory_buffer& out, std::span<const std::byte> address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = address.size() == 4 ? AF_INET : AF_INET6;
    inet_ntop(family, address.data(), text.data(), text.size());
    out.append(std::string_view(text.data()));
}

void append_mac(fmt::memory_buffer& out, std::span<const std::byte> address) {
    std::string_view separator;
    for (const std::byte byte : address) {
        append(out, "{}{:02x}", separator, std::to_integer<unsigned>(byte));
        separator = ":";
    }
}

void append_ends(fmt::memory_buffer& out, const Network& network, std::optional<Ports> ports) {
    append_address(out, network.source);
    if (ports) {
        append(out, ".{}", ports->source);
    }
    append(out, " > ");
    append_address(out, network.target);
    if (ports) {
        append(out, ".{}", ports->target);
    }
}

void append_protocol(fmt::memory_buffer& out, uint8_t protocol) {
    static constexpr std::array<std::pair<uint8_t, std::string_view>, 17> kNames{{
        {IPPROTO_ICMP, "ICMP"},
        {IPPROTO_IGMP, "IGMP"},
        {IPPROTO_IPIP, "IPIP"},
        {IPPROTO_TCP, "TCP"},
        {IPPROTO_UDP, "UDP"},
        {IPPROTO_IPV6, "IPv6-in-IP"},
        {IPPROTO_GRE, "GRE"},
        {IPPROTO_ESP, "ESP"},
        {IPPROTO_AH, "AH"},
        {IPPROTO_ICMPV6, "ICMPv6"},
        {89, "OSPF"},
        {IPPROTO_PIM, "PIM"},
        {112, "VRRP"},
        {115, "L2TP"},
        {IPPROTO_SCTP, "SCTP"},
        {IPPROTO_UDPLITE, "UDP-Lite"},
        {IPPROTO_NONE, "no next header"},
    }};
    for (const auto& [number, name] : kNames) {
        if (number == protocol) {
            out.append(name);
            return;
        }
    }
    append(out, "proto {}", protocol);
}

}  // namespace packet
