// SPDX-License-Identifier: GPL-2.0-only
//
// Parses the body of a block into its struct. The only state is what earlier blocks of the section
// defined (byte order, interfaces), which the Reader keeps. Checks every length against the body
// before it is used.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pcapng/read_blocks.h"
#include "pcapng/result.h"

namespace pcapng {

struct SectionState {
    struct Interface {
        uint16_t link_type = 0;
        uint32_t snaplen = 0;
        Clock clock;
    };
    ByteOrder byte_order = ByteOrder::kLittle;
    std::vector<Interface> interfaces;
    uint32_t darwin_processes = 0;  // of the whole file: a new section doesn't reset it
    // What is wrong with the latest block, if that is handed out all the same; else empty.
    std::string problem;
};

// A section with more interfaces is an error, so that this state takes at most 64 MiB.
inline constexpr size_t kMaxInterfaces = size_t{64} * 1024 * 1024 / sizeof(SectionState::Interface);

// The most interfaces that a Writer describes in a section: fewer than are read, so that what is
// written can be read, by earlier versions, too.
inline constexpr size_t kMaxWrittenInterfaces = 65536;

// The link type of an interface whose description is too short to tell it: no tool has it.
inline constexpr uint16_t kLinkTypeUndescribed = 0xFFFF;

// Returns whether a block of this type holds a packet, or what packets refer to by their order.
// Only such a block ends the file if it makes no sense.
bool is_essential(uint32_t type);

// `body` is the block without type and lengths. Parses into `block` in place, which saves a copy
// for each packet. A block that makes no sense is an error if it is essential, else an UnknownRead,
// and `section.problem` says why; it is empty before the call. The caller adds the offset.
Result<void> parse_block(uint32_t type, std::span<const uint8_t> body, SectionState& section,
                         Block& block);

}  // namespace pcapng
