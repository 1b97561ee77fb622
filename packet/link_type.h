// SPDX-License-Identifier: GPL-2.0-only
//
// LINKTYPE_ numbers, by which a file or a hook says what its frames begin with:
// https://www.tcpdump.org/linktypes.html. packet/dissect/link.h reads them all.
#pragma once

#include <cstdint>

namespace packet {

inline constexpr uint16_t kLinkTypeNull = 0;  // BSD's loopback
inline constexpr uint16_t kLinkTypeEthernet = 1;
inline constexpr uint16_t kLinkTypeRaw = 101;       // IPv4 or IPv6
inline constexpr uint16_t kLinkTypeLoop = 108;      // OpenBSD's loopback
inline constexpr uint16_t kLinkTypeLinuxSll = 113;  // Linux's "any" interface
inline constexpr uint16_t kLinkTypeIpv4 = 228;
inline constexpr uint16_t kLinkTypeIpv6 = 229;
inline constexpr uint16_t kLinkTypeLinuxSll2 = 276;

}  // namespace packet
