// SPDX-License-Identifier: GPL-2.0-only
//
// What a packet says, in tcpdump's words, on one line:
//     TCP 10.0.0.1.40000 > 10.0.0.2.80: Flags [P.], seq 1:11, ack 1, win 502, length 10: HTTP: …
// Packets are hostile input: every length is checked, every loop bounded, and text in them is
// escaped so that none of it looks like what follows in the line. Where the captured bytes end too
// early the protocol is named in brackets: "[|tcp]". Pure; allocates nothing but `out`, and names
// while it reads DNS and TLS.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "packet/line/tcp_sequences.h"

namespace packet {

struct DecodeStyle {
    bool quiet = false;        // -q: no sequence numbers, windows, ids
    int verbose = 0;           // -v: the IP header; -vv: more of DNS
    bool checksums = true;     // with -v, unless -K
    bool link_header = false;  // -e
};

// `data` is what was captured of a packet that had `wire_len` bytes, from the start that
// `link_type` (LINKTYPE_) names. What read_link() doesn't read is named, with its length. TCP's
// numbers are relative to what `sequences` remembers; absolute if it is null.
void append_decoded(fmt::memory_buffer& out, uint16_t link_type, std::span<const std::byte> data,
                    uint32_t wire_len, const DecodeStyle& style, TcpSequences* sequences = nullptr);

}  // namespace packet
