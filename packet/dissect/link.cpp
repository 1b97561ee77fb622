// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/link.h"

#include <linux/if_ether.h>

#include "packet/link_type.h"

namespace packet {
namespace {

constexpr size_t kVlanTag = 4;
constexpr uint16_t kEtherTypeQinQ1 = 0x9100;  // before 802.1ad
constexpr size_t kSllHeader = 16;
constexpr size_t kSll2Header = 20;
constexpr size_t kNullHeader = 4;

bool is_vlan(uint16_t type) {
    return type == ETH_P_8021Q || type == ETH_P_8021AD || type == kEtherTypeQinQ1;
}

void set_cut(Link& link, std::string_view header) {
    link.content = LinkContent::kCut;
    link.cut = header;
}

// `link.payload` begins behind `type`: reads the VLAN tags that it announces, and stops at the
// protocol behind them.
void read_ether_type(Link& link, uint16_t type) {
    while (is_vlan(type) && link.vlan_count < kMaxVlanTags) {
        if (!link.payload.has(kVlanTag)) {
            return set_cut(link, "vlan");
        }
        link.vlan[link.vlan_count++] = link.payload.u16(0) & 0xfff;
        type = link.payload.u16(2);
        link.payload = link.payload.after(kVlanTag);
    }
    link.content =
        type == ETH_P_IP || type == ETH_P_IPV6 ? LinkContent::kIp : LinkContent::kEtherType;
    link.ether_type = type;
}

void read_ethernet(Link& link, Piece frame) {
    if (!frame.has(ETH_HLEN)) {
        return set_cut(link, "ether");
    }
    link.macs = frame.bytes(0, 2 * ETH_ALEN);
    link.payload = frame.after(ETH_HLEN);
    read_ether_type(link, frame.u16(2 * ETH_ALEN));
}

// Linux's "any" interface: a header of `size` bytes with an EtherType at `type_at`.
void read_cooked(Link& link, Piece frame, size_t size, size_t type_at) {
    if (!frame.has(size)) {
        return set_cut(link, "sll");
    }
    link.payload = frame.after(size);
    read_ether_type(link, frame.u16(type_at));
}

// BSD's loopback: an address family of four bytes, in the byte order of the machine that captured
// (NULL) or of the network (LOOP). A family is a small number, so the order is found by trying.
void read_null(Link& link, Piece frame) {
    if (!frame.has(kNullHeader)) {
        return set_cut(link, "null");
    }
    const uint32_t read = frame.u32(0);
    link.address_family = read > 0xffff ? __builtin_bswap32(read) : read;
    link.payload = frame.after(kNullHeader);
    switch (link.address_family) {
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

}  // namespace

Link read_link(uint16_t link_type, Piece frame) {
    Link link;
    switch (link_type) {
        case kLinkTypeEthernet:
            read_ethernet(link, frame);
            break;
        case kLinkTypeNull:
        case kLinkTypeLoop:
            read_null(link, frame);
            break;
        case kLinkTypeLinuxSll:
            read_cooked(link, frame, kSllHeader, 14);
            break;
        case kLinkTypeLinuxSll2:
            read_cooked(link, frame, kSll2Header, 0);
            break;
        case kLinkTypeRaw:
        case kLinkTypeIpv4:
        case kLinkTypeIpv6:
            link.content = LinkContent::kIp;
            link.payload = frame;
            break;
        default:
            link.payload = frame;
            break;
    }
    return link;
}

}  // namespace packet
