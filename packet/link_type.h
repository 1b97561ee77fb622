// SPDX-License-Identifier: GPL-2.0-only
//
// LINKTYPE_ numbers, by which a file or a hook says what its frames begin with:
// https://www.tcpdump.org/linktypes.html. packet/dissect/link.h reads them all.
#pragma once

#include <cstdint>
#include <string>

namespace packet {

inline constexpr uint16_t kLinkTypeNull = 0;  // BSD's loopback
inline constexpr uint16_t kLinkTypeEthernet = 1;
inline constexpr uint16_t kLinkTypePpp = 9;
inline constexpr uint16_t kLinkTypeRawDlt = 12;      // DLT_RAW, written without mapping
inline constexpr uint16_t kLinkTypeRawOpenBsd = 14;  // the same on OpenBSD
inline constexpr uint16_t kLinkTypePppHdlc = 50;     // PPP or Cisco HDLC
inline constexpr uint16_t kLinkTypePppEther = 51;    // PPPoE without Ethernet
inline constexpr uint16_t kLinkTypeRaw = 101;        // IPv4 or IPv6
inline constexpr uint16_t kLinkTypeCiscoHdlc = 104;
inline constexpr uint16_t kLinkTypeIeee80211 = 105;
inline constexpr uint16_t kLinkTypeLoop = 108;      // OpenBSD's loopback
inline constexpr uint16_t kLinkTypeLinuxSll = 113;  // Linux's "any" interface
inline constexpr uint16_t kLinkTypeRadiotap = 127;
inline constexpr uint16_t kLinkTypeUser2 = 149;  // PKTAP of old versions of macOS
inline constexpr uint16_t kLinkTypeIpv4 = 228;
inline constexpr uint16_t kLinkTypeIpv6 = 229;
inline constexpr uint16_t kLinkTypeNflog = 239;  // netfilter's log
inline constexpr uint16_t kLinkTypePktap = 258;  // macOS, with the process
inline constexpr uint16_t kLinkTypeLinuxSll2 = 276;

// Returns libpcap's name and the number, "USB_LINUX (189)", or the number alone if it has no name.
std::string link_type_name(uint16_t link_type);

}  // namespace packet
