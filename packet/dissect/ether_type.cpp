// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/link_parts.h"

namespace packet {
namespace {

constexpr size_t kVlanTag = 4;
constexpr uint16_t kEtherTypeQinQ1 = 0x9100;  // before 802.1ad
constexpr size_t kLabel = 4;
constexpr size_t kLlc = 3;
constexpr size_t kSnap = 5;
constexpr uint8_t kUnnumbered = 3;  // LLC's control field of frames without numbers

bool is_vlan(uint16_t type) {
    return type == ETH_P_8021Q || type == ETH_P_8021AD || type == kEtherTypeQinQ1;
}

// Reads the VLAN tags that `type` announces and returns the type behind them; nothing if the
// captured bytes end within.
std::optional<uint16_t> read_vlan_tags(Link& link, uint16_t type) {
    while (is_vlan(type) && link.vlan_count < kMaxVlanTags) {
        if (!link.payload.has(kVlanTag)) {
            set_cut(link, "vlan");
            return std::nullopt;
        }
        link.vlan[link.vlan_count++] = link.payload.u16(0) & 0xfff;
        type = link.payload.u16(2);
        link.payload = link.payload.after(kVlanTag);
    }
    return type;
}

// What is left of the type once VLAN tags are read.
void read_protocol(Link& link, uint16_t type) {
    link.ether_type = type;
    link.content = LinkContent::kEtherType;
    switch (type) {
        case ETH_P_IP:
        case ETH_P_IPV6:
            link.content = LinkContent::kIp;
            break;
        case ETH_P_MPLS_UC:
        case ETH_P_MPLS_MC:
            (void)read_mpls(link, link.payload);
            break;
        case ETH_P_PPP_SES:
            (void)read_pppoe(link, link.payload);
            break;
        default:
            break;
    }
}

}  // namespace

void read_ether_type(Link& link, uint16_t type) {
    if (const std::optional<uint16_t> protocol = read_vlan_tags(link, type)) {
        read_protocol(link, *protocol);
    }
}

void read_ether_type_or_length(Link& link, uint16_t type) {
    const std::optional<uint16_t> protocol = read_vlan_tags(link, type);
    if (!protocol) {
        return;
    }
    if (*protocol < kEtherTypeMin) {
        Link inside = link;
        inside.payload = link.payload.first(*protocol);
        if (read_llc(inside)) {
            link = inside;
            return;
        }
    }
    read_protocol(link, *protocol);
}

bool read_llc(Link& link) {
    const Piece frame = link.payload;
    if (!frame.has(kLlc) || frame.u8(2) != kUnnumbered) {
        return false;
    }
    const uint16_t sap = frame.u16(0);
    if (sap == 0x0606) {  // IP has a number of its own
        link.payload = frame.after(kLlc);
        read_protocol(link, ETH_P_IP);
        return true;
    }
    // SNAP with the OUI of RFC 1042 or of 802.1H, whose protocols are EtherTypes.
    if (sap != 0xaaaa || !frame.has(kLlc + kSnap)) {
        return false;
    }
    const uint32_t oui = frame.u32(kLlc) >> 8;
    const uint16_t type = frame.u16(kLlc + 3);
    if ((oui != 0 && oui != 0x0000f8) || type < kEtherTypeMin) {
        return false;
    }
    link.payload = frame.after(kLlc + kSnap);
    read_ether_type(link, type);
    return true;
}

bool read_mpls(Link& link, Piece frame) {
    Link inside = link;
    for (bool bottom = false; !bottom; frame = frame.after(kLabel)) {
        if (!frame.has(kLabel) || inside.mpls_count == kMaxMplsLabels) {
            return false;
        }
        const uint32_t entry = frame.u32(0);
        inside.mpls[inside.mpls_count++] = entry >> 12;
        bottom = (entry & 0x100) != 0;
    }
    // Nothing names the protocol behind the labels: its first four bits are an IP version, or it is
    // something else.
    const uint8_t version = frame.has(1) ? frame.u8(0) >> 4 : 0;
    if (version != 4 && version != 6) {
        return false;
    }
    inside.content = LinkContent::kIp;
    inside.payload = frame;
    link = inside;
    return true;
}

}  // namespace packet
