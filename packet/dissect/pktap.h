// SPDX-License-Identifier: GPL-2.0-only
//
// PKTAP: the header that macOS puts before each packet of `tcpdump -i pktap` (struct pktap_header
// of bsd/net/pktap.h in XNU). It names the process. Views into the packet's bytes. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "packet/dissect/piece.h"
#include "pcapng/blocks.h"

namespace packet {

struct Pktap {
    uint32_t link_type = 0;  // DLT_ of the frame behind it
    std::string_view interface;
    pcapng::Direction direction = pcapng::Direction::kUnknown;
    std::optional<uint32_t> pid = {};
    std::string_view comm;  // cut by macOS to 16 bytes
    Piece frame{};
};

bool is_pktap(uint16_t link_type);

// Returns nothing if the captured bytes end within the header, or it is none: link type 149 is
// anybody's, so there each field that has few possible values must have one of them.
std::optional<Pktap> read_pktap(uint16_t link_type, Piece packet);

}  // namespace packet
