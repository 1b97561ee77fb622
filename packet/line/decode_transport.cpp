// SPDX-License-Identifier: GPL-2.0-only
#include <netinet/in.h>

#include <array>

#include "packet/line/decode_parts.h"

namespace packet {
namespace {

constexpr size_t kSctpHeader = 12;
constexpr size_t kUdpChecksum = 6;  // where it is in the header

// "[udp sum ok] ". A bad one over IPv4 is named from -vv on, as many are filled in by hardware
// behind the capture; tcpdump does so.
void append_udp_checksum(fmt::memory_buffer& out, const Network& network,
                         const Decoding& decoding) {
    if (!decoding.verifies_checksums() || network.protocol != IPPROTO_UDP || network.fragment) {
        return;
    }
    const bool v4 = network.source.size() == 4;
    if (v4 && decoding.style.verbose == 1) {
        return;
    }
    if (network.payload.u16(kUdpChecksum) == 0) {
        append(out, "[no cksum] ");
    } else if (const auto sum = transport_checksum(decoding.packet, network, kUdpChecksum)) {
        if (sum->correct()) {
            append(out, "[udp sum ok] ");
        } else {
            append(out, "[bad udp cksum 0x{:04x} -> 0x{:04x}!] ", sum->found, sum->right);
        }
    }
}

void append_udp(fmt::memory_buffer& out, const Network& network, const Decoding& decoding) {
    const Piece udp = network.payload;
    const std::optional<Ports> ports = read_ports(udp);
    append_start(out, network, ports);
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
    append_udp_checksum(out, network, decoding);
    if (network.protocol == IPPROTO_UDP && ports && is_dns(*ports) && !decoding.style.quiet &&
        !network.fragment) {
        append_dns(out, *ports, udp.first(length).after(kUdpHeader), decoding.style.verbose);
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
    append_start(out, network, read_ports(sctp));
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

void append_start(fmt::memory_buffer& out, const Network& network, std::optional<Ports> ports) {
    append_protocol(out, network.protocol);
    append(out, " ");
    append_ends(out, network, ports);
    append(out, ": ");
}

bool append_transport(fmt::memory_buffer& out, const Network& network, const Decoding& decoding) {
    switch (network.protocol) {
        case IPPROTO_TCP:
            append_tcp(out, network, decoding);
            return true;
        case IPPROTO_UDP:
        case IPPROTO_UDPLITE:
            append_udp(out, network, decoding);
            return true;
        case IPPROTO_SCTP:
            append_sctp(out, network);
            return true;
        case IPPROTO_ICMP:
            append_icmp(out, network, decoding);
            return true;
        case IPPROTO_ICMPV6:
            append_icmp6(out, network, decoding);
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
