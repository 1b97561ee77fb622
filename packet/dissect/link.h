// SPDX-License-Identifier: GPL-2.0-only
//
// The link layer of a frame: from the link type that its file or device names to what the frame
// carries. This is the only reader of link-layer headers, for lines and for conversations; a new
// link type is a number in packet/link_type.h and a case in link.cpp. Captured bytes may end
// anywhere. Views into those bytes. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "packet/dissect/piece.h"

namespace packet {

inline constexpr size_t kMaxVlanTags = 4;

enum class LinkContent : uint8_t {
    kUnknown,        // the link type is none that is read here
    kCut,            // the captured bytes end within the header that `cut` names
    kIp,             // IPv4 or IPv6, which the packet's own version field tells apart
    kEtherType,      // another protocol, named by `ether_type`
    kAddressFamily,  // another protocol, named by `address_family`
};

struct Link {
    LinkContent content = LinkContent::kUnknown;
    uint8_t vlan_count = 0;
    uint16_t ether_type = 0;                    // behind the VLAN tags; below 0x600 a length
    std::array<uint16_t, kMaxVlanTags> vlan{};  // ids, the outermost first
    uint32_t address_family = 0;
    std::string_view cut{};             // "ether", "vlan", "sll", "null"
    std::span<const std::byte> macs{};  // of Ethernet: target and source; empty for others
    Piece payload{};                    // behind all headers that were read
};

Link read_link(uint16_t link_type, Piece frame);

}  // namespace packet
