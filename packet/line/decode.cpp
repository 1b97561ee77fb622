// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/decode.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "packet/line/decode_parts.h"

namespace packet {
namespace {

// https://www.tcpdump.org/linktypes.html
constexpr uint16_t kLinkTypeNull = 0;
constexpr uint16_t kLinkTypeEthernet = 1;
constexpr uint16_t kLinkTypeRaw = 101;
constexpr uint16_t kLinkTypeLoop = 108;
constexpr uint16_t kLinkTypeLinuxSll = 113;
constexpr uint16_t kLinkTypeIpv4 = 228;
constexpr uint16_t kLinkTypeIpv6 = 229;
constexpr uint16_t kLinkTypeLinuxSll2 = 276;

constexpr size_t kMacSize = 6;
constexpr size_t kArpSize = 28;
constexpr int kMaxVlanTags = 4;
constexpr uint16_t kEtherTypeQinQ1 = 0x9100;  // before 802.1ad
constexpr uint16_t kEtherTypeLldp = 0x88cc;
constexpr uint16_t kEtherTypeMin = 0x600;  // below: an 802.3 length

bool is_vlan(uint16_t type) {
    return type == ETH_P_8021Q || type == ETH_P_8021AD || type == kEtherTypeQinQ1;
}

std::string_view ether_type_name(uint16_t type) {
    switch (type) {
        case kEtherTypeLldp:
            return "LLDP";
        case ETH_P_PAE:
            return "EAPOL";
        case ETH_P_MPLS_UC:
        case ETH_P_MPLS_MC:
            return "MPLS";
        case ETH_P_PPP_DISC:
        case ETH_P_PPP_SES:
            return "PPPoE";
        case ETH_P_RARP:
            return "RARP";
        case ETH_P_1588:
            return "PTP";
        case ETH_P_BATMAN:
            return "BATMAN";
        default:
            return {};
    }
}

void append_later_fragment(fmt::memory_buffer& out, const Network& network) {
    append_protocol(out, network.protocol);
    append(out, " ");
    append_ends(out, network, std::nullopt);
    append(out, ": fragment, id {}, offset {}{}, length {}", network.fragment_id,
           network.fragment_offset, network.more_fragments ? "+" : "", network.payload.length());
}

void append_ip(fmt::memory_buffer& out, Piece packet, bool quiet) {
    const std::optional<Network> network = read_network(out, packet);
    if (!network) {
        return;
    }
    if (network->fragment_offset > 0) {
        append_later_fragment(out, *network);
    } else {
        if (!append_transport(out, *network, quiet)) {
            append_protocol(out, network->protocol);
            append(out, " ");
            append_ends(out, *network, std::nullopt);
            append(out, ": length {}", network->payload.length());
        }
        if (network->fragment) {
            append(out, ", first fragment, id {}", network->fragment_id);
        }
    }
    if (network->missing > 0) {
        append(out, ", {} bytes missing", network->missing);
    }
}

// RFC 826, for Ethernet and IPv4 only.
void append_arp(fmt::memory_buffer& out, Piece packet) {
    append(out, "ARP ");
    if (!packet.has(8)) {
        append(out, "[|arp]");
        return;
    }
    if (packet.u16(0) != 1 || packet.u16(2) != ETH_P_IP || packet.u8(4) != kMacSize ||
        packet.u8(5) != 4) {
        append(out, "hardware type {}, protocol 0x{:04x}, length {}", packet.u16(0), packet.u16(2),
               packet.length());
        return;
    }
    if (!packet.has(kArpSize)) {
        append(out, "[|arp]");
        return;
    }
    switch (const uint16_t operation = packet.u16(6); operation) {
        case 1:
            append(out, "who-has ");
            append_address(out, packet.bytes(24, 4));
            append(out, " tell ");
            append_address(out, packet.bytes(14, 4));
            break;
        case 2:
            append_address(out, packet.bytes(14, 4));
            append(out, " is-at ");
            append_mac(out, packet.bytes(8, kMacSize));
            break;
        default:
            append(out, "operation {}", operation);
            break;
    }
    append(out, ", length {}", packet.length());
}

// What an EtherType says: tags, and then a protocol that is known here; false for others, after
// their name. `type` and `payload` become those behind the tags.
bool append_ether_type(fmt::memory_buffer& out, uint16_t& type, Piece& payload, bool quiet) {
    for (int tags = 0; is_vlan(type) && tags < kMaxVlanTags; ++tags) {
        if (!payload.has(4)) {
            append(out, "[|vlan]");
            return true;
        }
        append(out, "vlan {} ", payload.u16(0) & 0xfff);
        type = payload.u16(2);
        payload = payload.after(4);
    }
    if (type == ETH_P_IP || type == ETH_P_IPV6) {
        append_ip(out, payload, quiet);
        return true;
    }
    if (type == ETH_P_ARP) {
        append_arp(out, payload);
        return true;
    }
    const std::string_view name = ether_type_name(type);
    if (type < kEtherTypeMin) {
        append(out, "802.3 ");
    } else if (!name.empty()) {
        append(out, "{} ", name);
    } else {
        append(out, "ethertype 0x{:04x} ", type);
    }
    return false;
}

void append_ethernet(fmt::memory_buffer& out, Piece frame, bool quiet) {
    if (!frame.has(2 * kMacSize + 2)) {
        append(out, "[|ether]");
        return;
    }
    uint16_t type = frame.u16(2 * kMacSize);
    Piece payload = frame.after(2 * kMacSize + 2);
    if (append_ether_type(out, type, payload, quiet)) {
        return;
    }
    append_mac(out, frame.bytes(kMacSize, kMacSize));
    append(out, " > ");
    append_mac(out, frame.bytes(0, kMacSize));
    append(out, ": length {}", payload.length());
}

// A header of Linux's "any" interface: of `size` bytes, with an EtherType at `type_at`.
void append_cooked(fmt::memory_buffer& out, Piece packet, size_t size, size_t type_at, bool quiet) {
    if (!packet.has(size)) {
        append(out, "[|sll]");
        return;
    }
    uint16_t type = packet.u16(type_at);
    Piece payload = packet.after(size);
    if (!append_ether_type(out, type, payload, quiet)) {
        append(out, "length {}", payload.length());
    }
}

// An address family of four bytes before an IP packet, in the byte order of the machine that
// captured it (BSD, macOS): a family is small, so the other order is told apart.
void append_null(fmt::memory_buffer& out, Piece packet, bool quiet) {
    if (!packet.has(4)) {
        append(out, "[|null]");
        return;
    }
    const uint32_t read = packet.u32(0);
    const uint32_t family = read > 0xffff ? __builtin_bswap32(read) : read;
    switch (family) {
        case 2:   // AF_INET everywhere
        case 10:  // AF_INET6 of Linux, of NetBSD and OpenBSD, FreeBSD, macOS
        case 24:
        case 28:
        case 30:
            append_ip(out, packet.after(4), quiet);
            break;
        default:
            append(out, "address family {}: length {}", family, packet.after(4).length());
            break;
    }
}

}  // namespace

void append_decoded(fmt::memory_buffer& out, uint16_t link_type, std::span<const std::byte> data,
                    uint32_t wire_len, bool quiet) {
    const Piece packet(data, wire_len);
    switch (link_type) {
        case kLinkTypeEthernet:
            append_ethernet(out, packet, quiet);
            break;
        case kLinkTypeNull:
        case kLinkTypeLoop:
            append_null(out, packet, quiet);
            break;
        case kLinkTypeLinuxSll:
            append_cooked(out, packet, 16, 14, quiet);
            break;
        case kLinkTypeLinuxSll2:
            append_cooked(out, packet, 20, 0, quiet);
            break;
        case kLinkTypeRaw:
        case kLinkTypeIpv4:
        case kLinkTypeIpv6:
            append_ip(out, packet, quiet);
            break;
        default:
            append(out, "link type {}: length {}", link_type, wire_len);
            break;
    }
}

}  // namespace packet
