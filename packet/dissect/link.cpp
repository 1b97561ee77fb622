// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/link.h"

#include <linux/if_arp.h>

#include <utility>

#include "packet/dissect/link_parts.h"
#include "packet/dissect/pktap.h"
#include "packet/link_type.h"

namespace packet {
namespace {

using pcapng::Direction;

constexpr size_t kMacs = 2UL * ETH_ALEN;  // both, in front of the type
constexpr size_t kSllHeader = 16;
constexpr size_t kSll2Header = 20;
constexpr size_t kNullHeader = 4;

void read_ethernet(Link& link, Piece frame) {
    if (!frame.has(ETH_HLEN)) {
        return set_cut(link, "ether");
    }
    link.macs = frame.bytes(0, kMacs);
    link.payload = frame.after(ETH_HLEN);
    read_ether_type_or_length(link, frame.u16(kMacs));
}

// The packet type of Linux's "any" interface, PACKET_HOST … PACKET_OUTGOING of linux/if_packet.h.
Direction cooked_direction(uint32_t type) {
    return type < 4 ? Direction::kInbound : type == 4 ? Direction::kOutbound : Direction::kUnknown;
}

// What the two headers of Linux's "any" interface have in common.
struct Cooked {
    uint16_t ether_type = 0;
    uint32_t packet_type = 0;
    uint16_t device_type = 0;  // ARPHRD_
    Piece payload{};
};

void read_cooked(Link& link, const Cooked& cooked) {
    link.direction = cooked_direction(cooked.packet_type);
    link.loopback = cooked.device_type == ARPHRD_LOOPBACK;
    link.payload = cooked.payload;
    if (cooked.ether_type == ETH_P_802_2 && read_llc(link)) {
        return;
    }
    read_ether_type(link, cooked.ether_type);
}

void read_sll(Link& link, Piece frame) {
    if (!frame.has(kSllHeader)) {
        return set_cut(link, "sll");
    }
    read_cooked(link, {.ether_type = frame.u16(14),
                       .packet_type = frame.u16(0),
                       .device_type = frame.u16(2),
                       .payload = frame.after(kSllHeader)});
}

void read_sll2(Link& link, Piece frame) {
    if (!frame.has(kSll2Header)) {
        return set_cut(link, "sll");
    }
    read_cooked(link, {.ether_type = frame.u16(0),
                       .packet_type = frame.u8(10),
                       .device_type = frame.u16(8),
                       .payload = frame.after(kSll2Header)});
}

// A protocol that an address family of some system names.
void read_address_family(Link& link, uint32_t family) {
    link.address_family = family;
    switch (family) {
        case 2:   // AF_INET everywhere
        case 10:  // AF_INET6 of Linux
        case 24:  // of NetBSD and OpenBSD
        case 28:  // of FreeBSD
        case 30:  // of macOS
            link.content = LinkContent::kIp;
            break;
        default:
            link.content = LinkContent::kAddressFamily;
            break;
    }
}

// BSD's loopback: an address family of four bytes, in the byte order of the machine that captured
// (NULL) or of the network (LOOP). A family is a small number, so the order is found by trying.
void read_null(Link& link, Piece frame) {
    if (!frame.has(kNullHeader)) {
        return set_cut(link, "null");
    }
    const uint32_t read = frame.u32(0);
    link.payload = frame.after(kNullHeader);
    read_address_family(link, read > 0xffff ? __builtin_bswap32(read) : read);
}

// netfilter's log: an address family and attributes {length, type, value, padding to 4}, in the
// byte order of the machine that captured. A type is a small number, so the order is found by
// trying. One attribute has the packet.
void read_nflog(Link& link, Piece frame) {
    constexpr size_t kHeader = 4;
    constexpr size_t kAttribute = 4;
    constexpr uint16_t kPayload = 9;  // NFULA_PAYLOAD
    if (!frame.has(kHeader)) {
        return set_cut(link, "nflog");
    }
    const uint8_t family = frame.u8(0);
    for (frame = frame.after(kHeader); frame.has(kAttribute);) {
        uint16_t length = frame.u16(0);
        uint16_t type = frame.u16(2);
        if (type > 0xff) {
            length = __builtin_bswap16(length);
            type = __builtin_bswap16(type);
        }
        if (length < kAttribute) {
            break;
        }
        if (type == kPayload) {
            link.payload = frame.first(length).after(kAttribute);
            return read_address_family(link, family);
        }
        frame = frame.after((size_t{length} + 3) / 4 * 4);
    }
    set_cut(link, "nflog");
}

// Reads any link type but PKTAP.
void read_plain(Link& link, uint16_t link_type, Piece frame) {
    link.link_type = link_type;
    switch (link_type) {
        case kLinkTypeEthernet:
            read_ethernet(link, frame);
            break;
        case kLinkTypeNull:
        case kLinkTypeLoop:
            read_null(link, frame);
            break;
        case kLinkTypeLinuxSll:
            read_sll(link, frame);
            break;
        case kLinkTypeLinuxSll2:
            read_sll2(link, frame);
            break;
        case kLinkTypePpp:
        case kLinkTypePppHdlc:
            read_ppp(link, frame);
            break;
        case kLinkTypePppEther:
            link.payload = frame;
            link.ether_type = ETH_P_PPP_SES;
            if (!read_pppoe(link, frame)) {
                link.content = LinkContent::kEtherType;
            }
            break;
        case kLinkTypeCiscoHdlc:
            read_cisco_hdlc(link, frame);
            break;
        case kLinkTypeIeee80211:
            read_wlan(link, frame);
            break;
        case kLinkTypeRadiotap:
            read_radiotap(link, frame);
            break;
        case kLinkTypeNflog:
            read_nflog(link, frame);
            break;
        case kLinkTypeRaw:
        case kLinkTypeRawDlt:
        case kLinkTypeRawOpenBsd:
        case kLinkTypeIpv4:
        case kLinkTypeIpv6:
            link.content = LinkContent::kIp;
            link.payload = frame;
            break;
        default:
            link.payload = frame;
            break;
    }
}

}  // namespace

Link read_link(uint16_t link_type, std::span<const std::byte> data, uint32_t wire_length) {
    Link link;
    const Piece frame(data, wire_length);
    if (wire_length < data.size()) {
        link.content = LinkContent::kInvalid;
        return link;
    }
    if (!is_pktap(link_type)) {
        read_plain(link, link_type, frame);
        return link;
    }
    const std::optional<Pktap> pktap = read_pktap(link_type, frame);
    if (!pktap) {
        // USER2 is anybody's: without such a header it is not Apple's.
        link.link_type = link_type;
        link.payload = frame;
        if (link_type == kLinkTypePktap) {
            set_cut(link, "pktap");
        }
        return link;
    }
    link.payload = pktap->frame;
    link.link_type = link_type;
    if (std::in_range<uint16_t>(pktap->link_type)) {
        read_plain(link, static_cast<uint16_t>(pktap->link_type), pktap->frame);
    }
    link.direction = pktap->direction;
    link.loopback = pktap->interface.starts_with("lo");
    return link;
}

bool link_names_interface(uint16_t link_type) {
    return link_type == kLinkTypeLinuxSll || link_type == kLinkTypeLinuxSll2 || is_pktap(link_type);
}

}  // namespace packet
