// SPDX-License-Identifier: GPL-2.0-only
//
// The headers that read_link() passes, one function each. Each reads at `link.payload` or at
// `frame`, and leaves in `link` what it found and a payload behind it. None calls itself, directly
// or through others, so that no packet nests without end. Lengths in headers are hostile: none
// leads beyond the bytes that hold the header. Pure.
#pragma once

#include <linux/if_ether.h>

#include "packet/dissect/link.h"

namespace packet {

inline constexpr uint16_t kEtherTypeMin = 0x600;  // below: an 802.3 length

inline void set_cut(Link& link, std::string_view header) {
    link.content = LinkContent::kCut;
    link.cut = header;
}

// `link.payload` begins behind `type`: passes VLAN tags, MPLS labels and PPPoE as far as they lead
// to IP. What leads elsewhere stays unread, with the type in `link.ether_type`.
void read_ether_type(Link& link, uint16_t type);

// The same, with an 802.3 length in place of a type: passes LLC and SNAP.
void read_ether_type_or_length(Link& link, uint16_t type);

// `link.payload` begins with LLC (IEEE 802.2). Returns false, and leaves `link` unchanged, if no
// protocol that has an EtherType is behind it.
bool read_llc(Link& link);

// PPP (RFC 1661) in HDLC-like framing (RFC 1662) or without, or Cisco HDLC.
void read_ppp(Link& link, Piece frame);
void read_cisco_hdlc(Link& link, Piece frame);

// A PPPoE session (RFC 2516). Returns false, and leaves `link` unchanged, if it doesn't lead to IP.
bool read_pppoe(Link& link, Piece frame);

// MPLS labels (RFC 3032). As read_pppoe().
bool read_mpls(Link& link, Piece frame);

void read_wlan(Link& link, Piece frame);
void read_radiotap(Link& link, Piece frame);

}  // namespace packet
