// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/link_parts.h"

namespace packet {
namespace {

constexpr uint16_t kPppIp = 0x0021;
constexpr uint16_t kPppIpv6 = 0x0057;
constexpr uint16_t kPppMpls = 0x0281;
constexpr uint16_t kPppMplsMulticast = 0x0283;
constexpr uint16_t kHdlcAddressControl = 0xff03;
constexpr uint8_t kCiscoUnicast = 0x0f;
constexpr uint8_t kCiscoBroadcast = 0x8f;
constexpr size_t kCiscoHeader = 4;
constexpr size_t kPppoeHeader = 6;
constexpr uint8_t kPppoeVersionAndType = 0x11;

// A PPP packet from its protocol on, which is one byte where it was compressed (RFC 1661, 6.5).
void read_ppp_protocol(Link& link, Piece packet) {
    if (!packet.has(2)) {
        return set_cut(link, "ppp");
    }
    const bool compressed = (packet.u8(0) & 1) != 0;
    link.ppp_protocol = compressed ? packet.u8(0) : packet.u16(0);
    link.payload = packet.after(compressed ? 1 : 2);
    link.content = LinkContent::kPpp;
    switch (link.ppp_protocol) {
        case kPppIp:
        case kPppIpv6:
            link.content = LinkContent::kIp;
            break;
        case kPppMpls:
        case kPppMplsMulticast:
            (void)read_mpls(link, link.payload);
            break;
        default:
            break;
    }
}

}  // namespace

void read_ppp(Link& link, Piece frame) {
    if (frame.has(1) && (frame.u8(0) == kCiscoUnicast || frame.u8(0) == kCiscoBroadcast)) {
        return read_cisco_hdlc(link, frame);
    }
    if (frame.has(2) && frame.u16(0) == kHdlcAddressControl) {
        frame = frame.after(2);
    }
    read_ppp_protocol(link, frame);
}

void read_cisco_hdlc(Link& link, Piece frame) {
    if (!frame.has(kCiscoHeader)) {
        return set_cut(link, "hdlc");
    }
    link.payload = frame.after(kCiscoHeader);
    read_ether_type(link, frame.u16(2));
}

bool read_pppoe(Link& link, Piece frame) {
    if (!frame.has(kPppoeHeader) || frame.u8(0) != kPppoeVersionAndType || frame.u8(1) != 0) {
        return false;
    }
    Link inside = link;
    inside.pppoe_session = frame.u16(2);
    read_ppp_protocol(inside, frame.after(kPppoeHeader).first(frame.u16(4)));
    if (inside.content != LinkContent::kIp) {
        return false;
    }
    link = inside;
    return true;
}

}  // namespace packet
