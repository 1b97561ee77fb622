// SPDX-License-Identifier: GPL-2.0-only
#include <netinet/in.h>

#include <array>

#include "packet/line/decode_parts.h"

namespace packet {
namespace {

constexpr uint8_t kFinSynRst = TcpHeader::kFin | TcpHeader::kSyn | TcpHeader::kRst;
constexpr size_t kSctpHeader = 12;

// "TCP 10.0.0.1.1 > 10.0.0.2.2: "
void append_start(fmt::memory_buffer& out, const Network& network) {
    append_protocol(out, network.protocol);
    append(out, " ");
    append_ends(out, network, read_ports(network.payload));
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
    const Piece segment = network.payload;
    append_start(out, network);
    const std::optional<TcpHeader> tcp = read_tcp(network);
    if (!tcp || !segment.has(kTcpMinHeader)) {
        append(out, "[|tcp]");
        return;
    }
    append_tcp_flags(out, tcp->flags);
    const size_t header = tcp->header_length;
    if (header < kTcpMinHeader || header > segment.length()) {
        append(out, ", [bad header length {}], length {}", header, segment.length());
        return;
    }
    const size_t length = segment.length() - header;
    if (!quiet) {
        const uint32_t sequence = tcp->sequence;
        if (length > 0) {
            append(out, ", seq {}:{}", sequence, sequence + static_cast<uint32_t>(length));
        } else if ((tcp->flags & kFinSynRst) != 0) {
            append(out, ", seq {}", sequence);
        }
        if (tcp->has(TcpHeader::kAck)) {
            append(out, ", ack {}", tcp->acknowledgment);
        }
        append(out, ", win {}", tcp->window);
        if (tcp->has(TcpHeader::kUrg)) {
            append(out, ", urg {}", segment.u16(18));
        }
    }
    append(out, ", length {}", length);
}

void append_udp(fmt::memory_buffer& out, const Network& network) {
    const Piece udp = network.payload;
    append_start(out, network);
    const std::optional<size_t> said = read_udp_length(udp);
    if (!said) {
        append(out, "[|udp]");
        return;
    }
    // A first fragment says the length of the whole datagram. UDP-Lite has the coverage of its
    // checksum in the length's place (RFC 3828).
    const size_t length = network.protocol == IPPROTO_UDP ? *said : udp.length();
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
    Network network;
    if (read_network(packet, network) != NetworkProblem::kNone) {
        return;
    }
    const bool has_ports = network.protocol == IPPROTO_TCP || network.protocol == IPPROTO_UDP ||
                           network.protocol == IPPROTO_UDPLITE || network.protocol == IPPROTO_SCTP;
    std::optional<Ports> ports;
    if (has_ports && network.fragment_offset == 0) {
        ports = read_ports(network.payload);
    }
    append(out, " (");
    append_protocol(out, network.protocol);
    append(out, " ");
    append_ends(out, network, ports);
    append(out, ")");
}

}  // namespace packet
