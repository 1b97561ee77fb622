// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/decode.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "packet/dissect/link.h"
#include "packet/dissect/link_parts.h"
#include "packet/line/decode_parts.h"
#include "packet/link_type.h"

namespace packet {
namespace {

constexpr size_t kArpSize = 28;
constexpr uint16_t kEtherTypeLldp = 0x88cc;

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

void append_ip(fmt::memory_buffer& out, const Decoding& decoding) {
    const Piece packet = decoding.packet;
    Network network;
    if (const NetworkProblem problem = read_network(packet, network);
        problem != NetworkProblem::kNone) {
        append_problem(out, problem, packet, network);
        return;
    }
    if (decoding.style.verbose > 0) {
        append_ip_header(out, decoding);
    }
    if (network.fragment_offset > 0) {
        append_later_fragment(out, network);
    } else {
        if (!append_transport(out, network, decoding)) {
            append_protocol(out, network.protocol);
            append(out, " ");
            append_ends(out, network, std::nullopt);
            append(out, ": length {}", network.payload.length());
        }
        if (network.fragment) {
            append(out, ", first fragment, id {}", network.fragment_id);
        }
    }
    if (network.missing > 0) {
        append(out, ", {} bytes missing", network.missing);
    }
}

// RFC 826, for Ethernet and IPv4 only.
void append_arp(fmt::memory_buffer& out, Piece packet) {
    append(out, "ARP ");
    if (!packet.has(8)) {
        append(out, "[|arp]");
        return;
    }
    if (packet.u16(0) != 1 || packet.u16(2) != ETH_P_IP || packet.u8(4) != ETH_ALEN ||
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
            append_mac(out, packet.bytes(8, ETH_ALEN));
            break;
        default:
            append(out, "operation {}", operation);
            break;
    }
    append(out, ", length {}", packet.length());
}

// A protocol behind an EtherType that isn't IP.
void append_ether_type(fmt::memory_buffer& out, const Link& link) {
    const uint16_t type = link.ether_type;
    if (type == ETH_P_ARP) {
        append_arp(out, link.payload);
        return;
    }
    const std::string_view name = ether_type_name(type);
    if (type < kEtherTypeMin) {
        append(out, "802.3 ");
    } else if (!name.empty()) {
        append(out, "{} ", name);
    } else {
        append(out, "ethertype 0x{:04x} ", type);
    }
    if (!link.macs.empty()) {
        append_mac(out, link.macs.subspan(ETH_ALEN));
        append(out, " > ");
        append_mac(out, link.macs.first(ETH_ALEN));
        append(out, ": ");
    }
    append(out, "length {}", link.payload.length());
}

void append_ppp(fmt::memory_buffer& out, const Link& link) {
    switch (link.ppp_protocol) {
        case 0xc021:
            append(out, "PPP LCP");
            break;
        case 0xc023:
            append(out, "PPP PAP");
            break;
        case 0xc223:
            append(out, "PPP CHAP");
            break;
        case 0x8021:
            append(out, "PPP IPCP");
            break;
        case 0x8057:
            append(out, "PPP IPV6CP");
            break;
        default:
            append(out, "PPP protocol 0x{:04x}", link.ppp_protocol);
            break;
    }
    append(out, ": length {}", link.payload.length());
}

std::string_view wlan_name(Wlan::Type type) {
    switch (type) {
        case Wlan::Type::kManagement:
            return "management";
        case Wlan::Type::kControl:
            return "control";
        case Wlan::Type::kData:
            return "data";
        case Wlan::Type::kExtension:
            break;
    }
    return "extension";
}

}  // namespace

void append_decoded(fmt::memory_buffer& out, uint16_t link_type, std::span<const std::byte> data,
                    uint32_t wire_len, const DecodeStyle& style, TcpSequences* sequences) {
    const Link link = read_link(link_type, data, wire_len);
    if (style.link_header && link.content != LinkContent::kInvalid) {
        append_link_header(out, link, data, wire_len, style);
    }
    const bool shows_tags = style.link_header && link.link_type == kLinkTypeEthernet;
    for (size_t i = 0; i < link.vlan_count && !shows_tags; ++i) {
        append(out, "vlan {} ", link.vlan[i]);
    }
    if (link.pppoe_session) {
        append(out, "pppoe {} ", *link.pppoe_session);
    }
    for (size_t i = 0; i < link.mpls_count; ++i) {
        append(out, "mpls {} ", link.mpls[i]);
    }
    switch (link.content) {
        case LinkContent::kUnknown:
            append(out, "link type {}: length {}", link_type_name(link.link_type),
                   link.payload.length());
            break;
        case LinkContent::kInvalid:
            if (wire_len == 0) {
                append(out, "[Invalid header: len==0]");
            } else {
                append(out, "[Invalid header: len({}) < caplen({})]", wire_len, data.size());
            }
            break;
        case LinkContent::kCut:
            append(out, "[|{}]", link.cut);
            break;
        case LinkContent::kIp:
            append_ip(out, {.style = style, .sequences = sequences, .packet = link.payload});
            break;
        case LinkContent::kEtherType:
            append_ether_type(out, link);
            break;
        case LinkContent::kAddressFamily:
            append(out, "address family {}: length {}", link.address_family, link.payload.length());
            break;
        case LinkContent::kPpp:
            append_ppp(out, link);
            break;
        case LinkContent::kWlan:
            append(out, "802.11 {}{}: length {}", wlan_name(link.wlan.type),
                   link.wlan.encrypted ? ", encrypted" : "", link.payload.length());
            break;
    }
}

}  // namespace packet
