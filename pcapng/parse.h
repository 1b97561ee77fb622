// SPDX-License-Identifier: GPL-2.0-only
//
// Parses the body of a block into its struct. The only state is what earlier blocks of the section
// defined (byte order, interfaces), which the Reader keeps. Checks every length against the body
// before it is used.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pcapng/read_blocks.h"
#include "pcapng/result.h"

namespace pcapng {

// A section with more interfaces is an error, so that memory stays bounded.
inline constexpr size_t kMaxInterfaces = 65536;

struct SectionState {
    struct Interface {
        uint16_t link_type = 0;
        uint32_t snaplen = 0;
        Clock clock;
    };
    ByteOrder byte_order = ByteOrder::kLittle;
    std::vector<Interface> interfaces;
    uint32_t darwin_processes = 0;  // of the whole file: a new section doesn't reset it
};

// `body` is the block without type and lengths. Parses into `block` in place, which saves a copy
// for each packet. The error says what is wrong; the caller adds the offset.
Result<void> parse_block(uint32_t type, std::span<const uint8_t> body, SectionState& section,
                         Block& block);

}  // namespace pcapng
