// SPDX-License-Identifier: GPL-2.0-only
#include <netinet/in.h>

#include <array>

#include "packet/line/decode_parts.h"

namespace packet {
namespace {

constexpr size_t kTcpMinHeader = 20;
constexpr uint8_t kFinSynRst = 0x07;
constexpr size_t kUdpHeader = 8;
constexpr size_t kSctpHeader = 12;

// "TCP 10.0.0.1.1 > 10.0.0.2.2: "
void append_start(fmt::memory_buffer& out, const Network& network) {
    append_protocol(out, network.protocol);
    append(out, " ");
    std::optional<Ports> ports;
    if (network.payload.has(4)) {
        ports = Ports{network.payload.u16(0), network.payload.u16(2)};
    }
    append_ends(out, network, ports);
    append(out, ": ");
}

// As tcpdump has them, in its order.
void append_tcp_flags(fmt::memory_buffer& out, uint8_t flags) {
    static constexpr std::array<std::pair<uint8_t, char>, 8> kFlags{{
        {0x01, 'F'},
        {0x02, 'S'},
        {0x04, 'R'},
        {0x08, 'P'},
        {0x10, '.'},
        {0x20, 'U'},
        {0x40, 'E'},
        {0x80, 'W'},
    }};
    if (flags == 0) {
        append(out, "[none]");
        return;
    }
    append(out, "[");
    for (const auto& [flag, letter] : kFlags) {
        if ((flags & flag) != 0) {
            out.push_back(letter);
        }
    }
    append(out, "]");
}

void append_tcp(fmt::memory_buffer& out, const Network& network, bool quiet) {
    const Piece tcp = network.payload;
    append_start(out, network);
    if (!tcp.has(kTcpMinHeader)) {
        append(out, "[|tcp]");
        return;
    }
    const uint8_t flags = tcp.u8(13);
    const size_t header = size_t{tcp.u8(12)} / 16 * 4;
    append_tcp_flags(out, flags);
    if (header < kTcpMinHeader || header > tcp.length()) {
        append(out, ", [bad header length {}], length {}", header, tcp.length());
        return;
    }
    const size_t length = tcp.length() - header;
    if (!quiet) {
        const uint32_t sequence = tcp.u32(4);
        if (length > 0) {
            append(out, ", seq {}:{}", sequence, sequence + static_cast<uint32_t>(length));
        } else if ((flags & kFinSynRst) != 0) {
            append(out, ", seq {}", sequence);
        }
        if ((flags & 0x10U) != 0) {
            append(out, ", ack {}", tcp.u32(8));
        }
        append(out, ", win {}", tcp.u16(14));
        if ((flags & 0x20U) != 0) {
            append(out, ", urg {}", tcp.u16(18));
        }
    }
    append(out, ", length {}", length);
}

void append_udp(fmt::memory_buffer& out, const Network& network) {
    const Piece udp = network.payload;
    append_start(out, network);
    if (!udp.has(kUdpHeader)) {
        append(out, "[|udp]");
        return;
    }
    // 0: longer than 64 KiB (RFC 2675). A first fragment says the length of the whole datagram.
    // UDP-Lite has the coverage of its checksum there, and no length (RFC 3828).
    const bool has_length = network.protocol == IPPROTO_UDP && udp.u16(4) != 0;
    const size_t length = has_length ? udp.u16(4) : udp.length();
    if (length < kUdpHeader || (length > udp.length() && !network.fragment && !network.missing)) {
        append(out, "[bad length {}]", length);
        return;
    }
    append(out, "length {}", length - kUdpHeader);
}

std::string_view sctp_chunk_name(uint8_t type) {
    static constexpr std::array<std::string_view, 15> kNames{
        "DATA",        "INIT",       "INIT ACK", "SACK",         "HEARTBEAT",
        "HB ACK",      "ABORT",      "SHUTDOWN", "SHUTDOWN ACK", "ERROR",
        "COOKIE ECHO", "COOKIE ACK", "ECNE",     "CWR",          "SHUTDOWN COMPLETE",
    };
    return type < kNames.size() ? kNames[type] : std::string_view{};
}

void append_sctp(fmt::memory_buffer& out, const Network& network) {
    const Piece sctp = network.payload;
    append_start(out, network);
    if (!sctp.has(kSctpHeader)) {
        append(out, "[|sctp]");
        return;
    }
    if (sctp.has(kSctpHeader + 1)) {
        const uint8_t type = sctp.u8(kSctpHeader);
        if (const std::string_view name = sctp_chunk_name(type); !name.empty()) {
            append(out, "[{}], ", name);
        } else {
            append(out, "[chunk {}], ", type);
        }
    }
    append(out, "length {}", sctp.length() - kSctpHeader);
}

}  // namespace

bool append_transport(fmt::memory_buffer& out, const Network& network, bool quiet) {
    switch (network.protocol) {
        case IPPROTO_TCP:
            append_tcp(out, network, quiet);
            return true;
        case IPPROTO_UDP:
        case IPPROTO_UDPLITE:
            append_udp(out, network);
            return true;
        case IPPROTO_SCTP:
            append_sctp(out, network);
            return true;
        case IPPROTO_ICMP:
            append_icmp(out, network, quiet);
            return true;
        case IPPROTO_ICMPV6:
            append_icmp6(out, network, quiet);
            return true;
        default:
            return false;
    }
}

void append_quoted(fmt::memory_buffer& out, Piece packet) {
    fmt::memory_buffer damage;  // of the quoted packet: of no interest, and stays on the stack
    const std::optional<Network> network = read_network(damage, packet);
    if (!network) {
        return;
    }
    const bool has_ports = network->protocol == IPPROTO_TCP || network->protocol == IPPROTO_UDP ||
                           network->protocol == IPPROTO_UDPLITE ||
                           network->protocol == IPPROTO_SCTP;
    std::optional<Ports> ports;
    if (has_ports && network->fragment_offset == 0 && network->payload.has(4)) {
        ports = Ports{network->payload.u16(0), network->payload.u16(2)};
    }
    append(out, " (");
    append_protocol(out, network->protocol);
    append(out, " ");
    append_ends(out, *network, ports);
    append(out, ")");
}

}  // namespace packet
