// SPDX-License-Identifier: GPL-2.0-only
//
// The IP header as -v shows it, in tcpdump's words.
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "packet/line/decode_parts.h"

namespace packet {
namespace {

constexpr size_t kIpv4Header = 20;

// tcpdump's names, where ours differ.
void append_header_protocol(fmt::memory_buffer& out, uint8_t protocol) {
    switch (protocol) {
        case IPPROTO_HOPOPTS:
            append(out, "Options");
            break;
        case IPPROTO_IPV6:
            append(out, "IPv6");
            break;
        case IPPROTO_ROUTING:
            append(out, "Routing");
            break;
        case IPPROTO_FRAGMENT:
            append(out, "Fragment");
            break;
        case IPPROTO_NONE:
            append(out, "no next header");
            break;
        default: {
            fmt::memory_buffer name;
            append_protocol(name, protocol);
            const std::string_view text(name.data(), name.size());
            out.append(text.starts_with("proto ") ? std::string_view("unknown") : text);
            break;
        }
    }
}

void append_ipv4_options(fmt::memory_buffer& out, Piece options) {
    static constexpr std::array<std::pair<uint8_t, std::string_view>, 9> kNames{{
        {0, "EOL"},
        {1, "NOP"},
        {68, "timestamp"},
        {82, "traceroute"},
        {130, "security"},
        {7, "RR"},
        {131, "LSRR"},
        {137, "SSRR"},
        {148, "RA"},
    }};
    append(out, ", options (");
    std::string_view separator;
    while (options.has(1)) {
        const uint8_t kind = options.u8(0);
        out.append(separator);
        separator = ",";
        const auto* const found =
            std::ranges::find(kNames, kind, &std::pair<uint8_t, std::string_view>::first);
        if (found != kNames.end()) {
            out.append(found->second);
        } else {
            append(out, "unknown {}", kind);
        }
        if (kind == 0) {
            break;
        }
        const size_t size = kind == 1 ? 1 : options.has(2) ? options.u8(1) : 0;
        if (size == 0 || size > options.length() || (kind != 1 && size < 2)) {
            append(out, " [bad length]");
            break;
        }
        options = options.after(size);
    }
    append(out, ")");
}

void append_fragment_flags(fmt::memory_buffer& out, uint16_t field) {
    static constexpr std::array<std::pair<uint16_t, std::string_view>, 3> kFlags{
        {{0x2000, "+"}, {0x4000, "DF"}, {0x8000, "rsvd"}}};
    std::string_view separator;
    for (const auto& [flag, name] : kFlags) {
        if ((field & flag) != 0) {
            append(out, "{}{}", separator, name);
            separator = ", ";
        }
    }
    append(out, "{}", separator.empty() ? "none" : "");
}

void append_ipv4(fmt::memory_buffer& out, const Decoding& decoding) {
    static constexpr std::array<std::string_view, 4> kCongestion{"", ",ECT(1)", ",ECT(0)", ",CE"};
    const Piece packet = decoding.packet;
    const uint8_t tos = packet.u8(1);
    append(out, "IP (tos 0x{:x}{}", tos, kCongestion[tos & 3U]);
    if (packet.u8(8) > 0) {
        append(out, ", ttl {}", packet.u8(8));
    }
    append(out, ", id {}, offset {}, flags [", packet.u16(4), (packet.u16(6) & 0x1fff) * 8);
    append_fragment_flags(out, packet.u16(6));
    append(out, "], proto ");
    append_header_protocol(out, packet.u8(9));
    append(out, " ({}), length {}", packet.u8(9), packet.u16(2));
    const size_t header = size_t{packet.u8(0) & 0xfU} * 4;
    if (header > kIpv4Header) {
        append_ipv4_options(out, packet.first(header).after(kIpv4Header));
    }
    if (const auto sum = header_checksum(packet);
        sum && !sum->correct() && decoding.verifies_checksums()) {
        append(out, ", bad cksum {:x} (->{:x})!", sum->found, sum->right);
    }
    append(out, ") ");
}

void append_ipv6(fmt::memory_buffer& out, Piece packet) {
    const uint32_t flow = packet.u32(0);
    append(out, "IP6 (");
    if ((flow & 0x0ff00000) != 0) {
        append(out, "class 0x{:02x}, ", (flow & 0x0ff00000) >> 20);
    }
    if ((flow & 0x000fffff) != 0) {
        append(out, "flowlabel 0x{:05x}, ", flow & 0x000fffff);
    }
    append(out, "hlim {}, next-header ", packet.u8(7));
    append_header_protocol(out, packet.u8(6));
    append(out, " ({}) payload length: {}) ", packet.u8(6), packet.u16(4));
}

}  // namespace

void append_ip_header(fmt::memory_buffer& out, const Decoding& decoding) {
    if (decoding.packet.u8(0) >> 4 == 4) {
        append_ipv4(out, decoding);
    } else {
        append_ipv6(out, decoding.packet);
    }
}

}  // namespace packet
