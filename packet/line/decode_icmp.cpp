// SPDX-License-Identifier: GPL-2.0-only
//
// ICMP (RFC 792) and ICMPv6 (RFC 4443, 4861, 2710, 3810). Both start with type, code, checksum and
// four bytes that the type defines.
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include <array>

#include "packet/line/decode_parts.h"

namespace packet {
namespace {

constexpr size_t kIcmpHeader = 8;
constexpr uint8_t kMld2Report = 143;
constexpr size_t kChecksum = 2;  // where it is in the header

template <size_t kCount>
void append_code(fmt::memory_buffer& out, const std::array<std::string_view, kCount>& names,
                 uint8_t code) {
    if (code < kCount && !names[code].empty()) {
        out.append(names[code]);
    } else {
        append(out, "code {}", code);
    }
}

void append_echo(fmt::memory_buffer& out, Piece icmp, std::string_view name, bool quiet) {
    out.append(name);
    if (!quiet) {
        append(out, ", id {}, seq {}", icmp.u16(4), icmp.u16(6));
    }
}

void append_unreachable(fmt::memory_buffer& out, Piece icmp) {
    static constexpr std::array<std::string_view, 16> kCodes{
        "net unreachable",
        "host unreachable",
        "protocol unreachable",
        "port unreachable",
        "fragmentation needed",
        "source route failed",
        "net unknown",
        "host unknown",
        "source isolated",
        "net prohibited",
        "host prohibited",
        "net unreachable for this service",
        "host unreachable for this service",
        "administratively prohibited",
        "host precedence violation",
        "precedence cutoff",
    };
    append_code(out, kCodes, icmp.u8(1));
    if (icmp.u8(1) == ICMP_FRAG_NEEDED) {
        append(out, ", mtu {}", icmp.u16(6));
    }
    append_quoted(out, icmp.after(kIcmpHeader));
}

// The target of a neighbour message (RFC 4861, 4.3 and 4.4).
void append_target(fmt::memory_buffer& out, Piece icmp) {
    if (icmp.has(kIcmpHeader + 16)) {
        append_address(out, icmp.bytes(kIcmpHeader, 16));
    } else {
        append(out, "[|icmp6]");
    }
}

void append_icmp6_error(fmt::memory_buffer& out, Piece icmp) {
    static constexpr std::array<std::string_view, 7> kUnreachable{
        "no route",         "administratively prohibited",  "beyond scope", "address unreachable",
        "port unreachable", "source address failed policy", "reject route",
    };
    static constexpr std::array<std::string_view, 2> kExceeded{"hop limit exceeded",
                                                               "reassembly time exceeded"};
    switch (icmp.u8(0)) {
        case ICMP6_DST_UNREACH:
            append_code(out, kUnreachable, icmp.u8(1));
            break;
        case ICMP6_PACKET_TOO_BIG:
            append(out, "packet too big, mtu {}", icmp.u32(4));
            break;
        case ICMP6_TIME_EXCEEDED:
            append_code(out, kExceeded, icmp.u8(1));
            break;
        default:
            append(out, "parameter problem, code {}, at {}", icmp.u8(1), icmp.u32(4));
            break;
    }
    append_quoted(out, icmp.after(kIcmpHeader));
}

void append_checksum6(fmt::memory_buffer& out, const Network& network, Piece packet) {
    if (const auto sum = transport_checksum(packet, network, kChecksum)) {
        if (sum->correct()) {
            append(out, "[icmp6 sum ok] ");
        } else {
            append(out, "[bad icmp6 cksum 0x{:04x} -> 0x{:04x}!] ", sum->found, sum->right);
        }
    }
}

}  // namespace

void append_icmp(fmt::memory_buffer& out, const Network& network, const Decoding& decoding) {
    const bool quiet = decoding.style.quiet;
    const Piece icmp = network.payload;
    append_start(out, network, std::nullopt);
    if (!icmp.has(kIcmpHeader)) {
        append(out, "[|icmp]");
        return;
    }
    static constexpr std::array<std::string_view, 2> kExceeded{"time to live exceeded",
                                                               "reassembly time exceeded"};
    switch (const uint8_t type = icmp.u8(0); type) {
        case ICMP_ECHO:
            append_echo(out, icmp, "echo request", quiet);
            break;
        case ICMP_ECHOREPLY:
            append_echo(out, icmp, "echo reply", quiet);
            break;
        case ICMP_DEST_UNREACH:
            append_unreachable(out, icmp);
            break;
        case ICMP_TIME_EXCEEDED:
            append_code(out, kExceeded, icmp.u8(1));
            append_quoted(out, icmp.after(kIcmpHeader));
            break;
        case ICMP_REDIRECT:
            append(out, "redirect to ");
            append_address(out, icmp.bytes(4, 4));
            append_quoted(out, icmp.after(kIcmpHeader));
            break;
        case ICMP_PARAMETERPROB:
            append(out, "parameter problem, at {}", icmp.u8(4));
            append_quoted(out, icmp.after(kIcmpHeader));
            break;
        case ICMP_TIMESTAMP:
            append_echo(out, icmp, "timestamp request", quiet);
            break;
        case ICMP_TIMESTAMPREPLY:
            append_echo(out, icmp, "timestamp reply", quiet);
            break;
        default:
            append(out, "type {}, code {}", type, icmp.u8(1));
            break;
    }
    append(out, ", length {}", icmp.length());
    if (decoding.verifies_checksums()) {
        if (const auto sum = message_checksum(network, kChecksum); sum && !sum->correct()) {
            append(out, " (wrong icmp cksum {:x} (->{:x})!)", sum->found, sum->right);
        }
    }
}

void append_icmp6(fmt::memory_buffer& out, const Network& network, const Decoding& decoding) {
    const bool quiet = decoding.style.quiet;
    const Piece icmp = network.payload;
    append_start(out, network, std::nullopt);
    if (!icmp.has(kIcmpHeader)) {
        append(out, "[|icmp6]");
        return;
    }
    if (decoding.verifies_checksums()) {
        append_checksum6(out, network, decoding.packet);
    }
    switch (const uint8_t type = icmp.u8(0); type) {
        case ICMP6_ECHO_REQUEST:
            append_echo(out, icmp, "echo request", quiet);
            break;
        case ICMP6_ECHO_REPLY:
            append_echo(out, icmp, "echo reply", quiet);
            break;
        case ICMP6_DST_UNREACH:
        case ICMP6_PACKET_TOO_BIG:
        case ICMP6_TIME_EXCEEDED:
        case ICMP6_PARAM_PROB:
            append_icmp6_error(out, icmp);
            break;
        case ND_NEIGHBOR_SOLICIT:
            append(out, "neighbour solicitation, who has ");
            append_target(out, icmp);
            break;
        case ND_NEIGHBOR_ADVERT:
            append(out, "neighbour advertisement, target ");
            append_target(out, icmp);
            break;
        case ND_ROUTER_SOLICIT:
            append(out, "router solicitation");
            break;
        case ND_ROUTER_ADVERT:
            append(out, "router advertisement");
            break;
        case ND_REDIRECT:
            append(out, "redirect");
            break;
        case MLD_LISTENER_QUERY:
            append(out, "multicast listener query");
            break;
        case MLD_LISTENER_REPORT:
        case kMld2Report:
            append(out, "multicast listener report");
            break;
        case MLD_LISTENER_REDUCTION:
            append(out, "multicast listener done");
            break;
        default:
            append(out, "type {}, code {}", type, icmp.u8(1));
            break;
    }
    append(out, ", length {}", icmp.length());
}

}  // namespace packet
