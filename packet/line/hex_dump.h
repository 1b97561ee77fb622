// SPDX-License-Identifier: GPL-2.0-only
//
// A packet's bytes below its line, byte for byte as tcpdump 4.99 prints them with -x, -X and -A.
// What -A prints is the packet's own text, line breaks included. Pure.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace packet {

enum class DumpForm : uint8_t { kNone, kHex, kHexAndText, kText };  // -, -x, -X, -A

// Appends lines, each begun with a line break.
void append_dump(fmt::memory_buffer& out, DumpForm form, std::span<const std::byte> bytes);

}  // namespace packet
