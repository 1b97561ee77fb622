// SPDX-License-Identifier: GPL-2.0-only
//
// What a packet says, in a few words after tcpdump's habits:
//     TCP 10.0.0.1.40000 > 10.0.0.2.80: [P.], seq 1:11, ack 1, win 502, length 10
// Packets are hostile input: every length is checked, every loop bounded. Where the captured bytes
// end too early the protocol is named in brackets: "[|tcp]". Pure; allocates nothing but `out`.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace packet {

// `data` is what was captured of a packet that had `wire_len` bytes, from the start that
// `link_type` (LINKTYPE_) names. What read_link() doesn't read is named, with its length.
void append_decoded(fmt::memory_buffer& out, uint16_t link_type, std::span<const std::byte> data,
                    uint32_t wire_len, bool quiet);

}  // namespace packet
