// SPDX-License-Identifier: GPL-2.0-only
//
// The link-layer header as -e shows it, in tcpdump's words: Ethernet, Linux's "any", raw IP. Of
// other link types nothing is shown.
#include <array>

#include "packet/dissect/link_parts.h"
#include "packet/line/decode_parts.h"
#include "packet/link_type.h"

namespace packet {
namespace {

constexpr size_t kSllHeader = 16;
constexpr size_t kSll2Header = 20;
constexpr size_t kMaxAddress = 8;  // in the headers of "any"

std::string_view ether_type_name(uint16_t type) {
    switch (type) {
        case ETH_P_IP:
            return "IPv4";
        case ETH_P_IPV6:
            return "IPv6";
        case ETH_P_ARP:
            return "ARP";
        case ETH_P_RARP:
            return "Reverse ARP";
        case ETH_P_8021Q:
            return "802.1Q";
        case ETH_P_8021AD:
            return "802.1Q-QinQ";
        case ETH_P_MPLS_UC:
            return "MPLS unicast";
        case ETH_P_MPLS_MC:
            return "MPLS multicast";
        case ETH_P_PPP_DISC:
            return "PPPoE D";
        case ETH_P_PPP_SES:
            return "PPPoE S";
        case ETH_P_PAE:
            return "EAPOL";
        case 0x88cc:
            return "LLDP";
        default:
            return "Unknown";
    }
}

// "ethertype IPv4 (0x0800)", "802.3"
void append_type(fmt::memory_buffer& out, uint16_t type) {
    if (type < kEtherTypeMin) {
        append(out, "802.3");
    } else {
        append(out, "ethertype {} (0x{:04x})", ether_type_name(type), type);
    }
}

void append_ethernet(fmt::memory_buffer& out, const Link& link, Piece frame, bool quiet) {
    if (link.macs.empty()) {
        return;  // cut
    }
    append_mac(out, link.macs.subspan(ETH_ALEN));
    append(out, " > ");
    append_mac(out, link.macs.first(ETH_ALEN));
    append(out, ", ");
    if (!quiet) {
        append_type(out, frame.u16(2UL * ETH_ALEN));
        append(out, ", ");
    }
    append(out, "length {}: ", frame.length());
    for (size_t i = 0; i < link.vlan_count; ++i) {
        const size_t at = ETH_HLEN + i * 4;  // the tag was read, so it is there
        append(out, "vlan {}, p {}{}, ", link.vlan[i], frame.u8(at) >> 5,
               (frame.u8(at) & 0x10) != 0 ? ", DEI" : "");
        if (!quiet) {
            append_type(out, frame.u16(at + 2));
            append(out, ", ");
        }
    }
}

// What the two headers of "any" say: where to, the sender's address, the type.
void append_cooked(fmt::memory_buffer& out, Piece frame, uint32_t packet_type, Piece address,
                   uint16_t type) {
    static constexpr std::array<std::string_view, 5> kWays{" In", "  B", "  M", "  P", "Out"};
    append(out, "{} ", packet_type < kWays.size() ? kWays[packet_type] : std::string_view("???"));
    if (address.length() > 0) {
        append_mac(out, address.captured());
        append(out, " ");
    }
    append_type(out, type);
    append(out, ", length {}: ", frame.length());
}

}  // namespace

void append_link_header(fmt::memory_buffer& out, const Link& link, std::span<const std::byte> frame,
                        uint32_t wire_length, const DecodeStyle& style) {
    const Piece piece(frame, wire_length);
    const auto address = [&](size_t at, size_t size) {
        return piece.after(at).first(std::min(size, kMaxAddress));
    };
    switch (link.link_type) {
        case kLinkTypeEthernet:
            append_ethernet(out, link, piece, style.quiet);
            break;
        case kLinkTypeLinuxSll:
            if (piece.has(kSllHeader)) {
                append_cooked(out, piece, piece.u16(0), address(6, piece.u16(4)), piece.u16(14));
            }
            break;
        case kLinkTypeLinuxSll2:
            if (piece.has(kSll2Header)) {
                append(out, "ifindex {} ", piece.u32(4));
                append_cooked(out, piece, piece.u8(10), address(12, piece.u8(11)), piece.u16(0));
            }
            break;
        case kLinkTypeRaw:
        case kLinkTypeRawDlt:
        case kLinkTypeRawOpenBsd:
            append(out, "ip: ");
            break;
        default:
            break;
    }
}

}  // namespace packet
