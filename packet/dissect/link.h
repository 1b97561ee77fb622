// SPDX-License-Identifier: GPL-2.0-only
//
// The link layer of a frame: from the link type that its file or device names to what the frame
// carries. This is the only reader of link-layer headers, for lines and for conversations; a new
// link type is a number in packet/link_type.h and a case in link.cpp, its header a function of
// link_parts.h. Captured bytes may end anywhere. Views into those bytes. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "packet/dissect/piece.h"
#include "pcapng/blocks.h"

namespace packet {

inline constexpr size_t kMaxVlanTags = 4;
inline constexpr size_t kMaxMplsLabels = 8;

enum class LinkContent : uint8_t {
    kUnknown,        // the link type is none that is read here
    kCut,            // the captured bytes end within the header that `cut` names
    kIp,             // IPv4 or IPv6, which the packet's own version field tells apart
    kEtherType,      // another protocol, named by `ether_type`
    kAddressFamily,  // another protocol, named by `address_family`
    kPpp,            // another protocol, named by `ppp_protocol`
    kWlan,           // an 802.11 frame without readable data, named by `wlan`
};

struct Wlan {
    enum class Type : uint8_t { kManagement, kControl, kData, kExtension };
    Type type = Type::kManagement;
    bool encrypted = false;
};

struct Link {
    LinkContent content = LinkContent::kUnknown;
    pcapng::Direction direction = pcapng::Direction::kUnknown;  // where the header tells it
    bool loopback = false;  // the header says that the interface is one
    uint8_t vlan_count = 0;
    uint8_t mpls_count = 0;
    uint16_t link_type = 0;   // behind PKTAP its own, else the file's
    uint16_t ether_type = 0;  // behind the VLAN tags; below 0x600 a length
    uint16_t ppp_protocol = 0;
    std::array<uint16_t, kMaxVlanTags> vlan{};    // ids, the outermost first
    std::array<uint32_t, kMaxMplsLabels> mpls{};  // labels, the outermost first
    std::optional<uint16_t> pppoe_session = {};
    uint32_t address_family = 0;
    Wlan wlan{};
    std::string_view cut{};             // "ether", "vlan", "sll", "null", …
    std::span<const std::byte> macs{};  // of Ethernet: target and source; empty for others
    Piece payload{};                    // behind all headers that were read
};

Link read_link(uint16_t link_type, Piece frame);

// Returns whether headers of this link type tell a packet's direction and kind of interface.
bool link_names_interface(uint16_t link_type);

}  // namespace packet
