// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>

#include "cmd/decode_parts.h"

namespace cmd {
namespace {

constexpr size_t kIpv4MinHeader = 20;
constexpr size_t kIpv6Header = 40;
constexpr size_t kIpv6FragmentHeader = 8;
// RFC 8200 expects each extension header once, destination options twice: more is an attack.
constexpr int kMaxExtensions = 10;
constexpr uint8_t kProtocolHip = 139;
constexpr uint8_t kProtocolShim6 = 140;

// What the headers promise beyond the end of the packet. 0 promised: a packet of more than 64 KiB
// (Linux's BIG TCP, jumbograms), whose header can't say its length.
size_t missing_bytes(size_t promised, size_t present) {
    return promised > present ? promised - present : 0;
}

std::optional<Network> read_ipv4(fmt::memory_buffer& out, Piece packet) {
    if (!packet.has(kIpv4MinHeader)) {
        append(out, "IP [|ip]");
        return std::nullopt;
    }
    const size_t header = size_t{packet.u8(0) & 0xfU} * 4;
    if (header < kIpv4MinHeader) {
        append(out, "IP [bad header length {}]", header);
        return std::nullopt;
    }
    const size_t total = packet.u16(2) == 0 ? packet.length() : packet.u16(2);
    if (total < header) {
        append(out, "IP [bad length {}]", total);
        return std::nullopt;
    }
    const uint16_t fragment = packet.u16(6);
    Network network{.source = packet.bytes(12, 4),
                    .target = packet.bytes(16, 4),
                    .protocol = packet.u8(9),
                    .payload = packet.first(total).after(header)};
    network.more_fragments = (fragment & 0x2000U) != 0;
    network.fragment_offset = (fragment & 0x1fffU) * 8;
    network.fragment = network.more_fragments || network.fragment_offset > 0;
    network.fragment_id = packet.u16(4);
    network.missing = missing_bytes(total, packet.length());
    return network;
}

// The length of an extension header whose first two bytes are there; 0 for what is none.
size_t extension_length(uint8_t protocol, Piece header) {
    switch (protocol) {
        case IPPROTO_HOPOPTS:
        case IPPROTO_ROUTING:
        case IPPROTO_DSTOPTS:
        case IPPROTO_MH:
        case kProtocolHip:
        case kProtocolShim6:
            return (size_t{header.u8(1)} + 1) * 8;
        case IPPROTO_AH:
            return (size_t{header.u8(1)} + 2) * 4;
        default:
            return 0;
    }
}

bool is_extension(uint8_t protocol) {
    return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
           protocol == IPPROTO_DSTOPTS || protocol == IPPROTO_MH || protocol == kProtocolHip ||
           protocol == kProtocolShim6 || protocol == IPPROTO_AH || protocol == IPPROTO_FRAGMENT;
}

// Walks to the last header. False: the captured bytes, or what is bearable, end before.
bool skip_extensions(Network& network) {
    for (int extensions = 0; is_extension(network.protocol); ++extensions) {
        const Piece header = network.payload;
        if (extensions == kMaxExtensions || !header.has(2)) {
            return false;
        }
        size_t length = extension_length(network.protocol, header);
        if (network.protocol == IPPROTO_FRAGMENT) {
            if (!header.has(kIpv6FragmentHeader)) {
                return false;
            }
            length = kIpv6FragmentHeader;
            network.more_fragments = (header.u16(2) & 1U) != 0;
            network.fragment_offset = header.u16(2) & 0xfff8U;
            network.fragment = network.more_fragments || network.fragment_offset > 0;
            network.fragment_id = header.u32(4);
        }
        if (length > header.length()) {
            return false;
        }
        network.protocol = header.u8(0);
        network.payload = header.after(length);
        if (network.fragment_offset > 0) {
            return true;  // what follows is data, whatever the protocol
        }
    }
    return true;
}

std::optional<Network> read_ipv6(fmt::memory_buffer& out, Piece packet) {
    if (!packet.has(kIpv6Header)) {
        append(out, "IP6 [|ip6]");
        return std::nullopt;
    }
    const Piece rest = packet.after(kIpv6Header);
    const size_t promised = packet.u16(4) == 0 ? rest.length() : packet.u16(4);
    Network network{.source = packet.bytes(8, 16),
                    .target = packet.bytes(24, 16),
                    .protocol = packet.u8(6),
                    .payload = rest.first(promised)};
    network.missing = missing_bytes(promised, rest.length());
    if (!skip_extensions(network)) {
        append(out, "IP6 ");
        append_ends(out, network, std::nullopt);
        append(out, ": [|ip6-ext]");
        return std::nullopt;
    }
    return network;
}

}  // namespace

std::optional<Network> read_network(fmt::memory_buffer& out, Piece packet) {
    if (!packet.has(1)) {
        append(out, "IP [|ip]");
        return std::nullopt;
    }
    switch (const int version = packet.u8(0) >> 4; version) {
        case 4:
            return read_ipv4(out, packet);
        case 6:
            return read_ipv6(out, packet);
        default:
            append(out, "IP [bad version {}], length {}", version, packet.length());
            return std::nullopt;
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

}  // namespace cmd
