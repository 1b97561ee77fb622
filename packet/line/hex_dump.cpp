// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/hex_dump.h"

#include <algorithm>
#include <string_view>

#include "packet/line/decode_parts.h"

namespace packet {
namespace {

constexpr size_t kBytesOfLine = 16;
constexpr size_t kHexWidth = 40;  // eight times " 4500"

bool is_graphic(char c) {
    return c > ' ' && c <= '~';
}

void append_hex_line(fmt::memory_buffer& out, std::span<const std::byte> bytes) {
    for (size_t i = 0; i < bytes.size(); i++) {
        append(out, "{}{:02x}", i % 2 == 0 ? " " : "", std::to_integer<unsigned>(bytes[i]));
    }
}

void append_hex(fmt::memory_buffer& out, std::span<const std::byte> bytes, bool with_text) {
    for (size_t at = 0; at < bytes.size(); at += kBytesOfLine) {
        const auto line = bytes.subspan(at, std::min(kBytesOfLine, bytes.size() - at));
        append(out, "\n\t0x{:04x}: ", at);
        const size_t begin = out.size();
        append_hex_line(out, line);
        if (!with_text) {
            continue;
        }
        append(out, "{:{}}  ", "", kHexWidth - (out.size() - begin));
        for (const std::byte byte : line) {
            const char c = static_cast<char>(byte);
            out.push_back(is_graphic(c) ? c : '.');
        }
    }
}

void append_text(fmt::memory_buffer& out, std::span<const std::byte> bytes) {
    out.push_back('\n');
    for (size_t i = 0; i < bytes.size(); i++) {
        const char c = static_cast<char>(bytes[i]);
        if (c == '\r') {
            // The end of a line of text is one line break.
            const bool ends_line = i + 1 == bytes.size() || static_cast<char>(bytes[i + 1]) == '\n';
            out.append(std::string_view(ends_line ? "" : "."));
        } else {
            out.push_back(is_graphic(c) || c == ' ' || c == '\t' || c == '\n' ? c : '.');
        }
    }
}

}  // namespace

void append_dump(fmt::memory_buffer& out, DumpForm form, std::span<const std::byte> bytes) {
    switch (form) {
        case DumpForm::kNone:
            break;
        case DumpForm::kHex:
        case DumpForm::kHexAndText:
            append_hex(out, bytes, form == DumpForm::kHexAndText);
            break;
        case DumpForm::kText:
            append_text(out, bytes);
            break;
    }
}

}  // namespace packet
