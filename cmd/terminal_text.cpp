// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace cmd {
namespace {

struct Range {
    uint32_t first;
    uint32_t last;
};

// Valid code points that a terminal acts upon, or shows as nothing: controls, and the format
// characters (category Cf) and separators of Unicode 15.
constexpr std::array<Range, 17> kUnsafe{{
    {0x00, 0x1f},        // C0
    {0x7f, 0x9f},        // DEL, C1
    {0xad, 0xad},        // soft hyphen
    {0x61c, 0x61c},      // Arabic letter mark
    {0x115f, 0x1160},    // Hangul fillers
    {0x17b4, 0x17b5},    // Khmer inherent vowels
    {0x180b, 0x180f},    // Mongolian separators
    {0x200b, 0x200f},    // zero width, LRM, RLM
    {0x2028, 0x202e},    // line and paragraph separator, bidi embedding and override
    {0x2060, 0x206f},    // word joiner, bidi isolates
    {0x3164, 0x3164},    // Hangul filler
    {0xfe00, 0xfe0f},    // variation selectors
    {0xfeff, 0xfeff},    // byte order mark
    {0xffa0, 0xffa0},    // halfwidth Hangul filler
    {0xfff0, 0xfffb},    // interlinear annotation
    {0x1d173, 0x1d17a},  // musical formatting
    {0xe0000, 0xe0fff},  // tags, variation selectors
}};

bool safe(uint32_t code_point) {
    return std::none_of(kUnsafe.begin(), kUnsafe.end(), [code_point](const Range& range) {
        return code_point >= range.first && code_point <= range.last;
    });
}

// The length of the valid UTF-8 sequence (RFC 3629: no overlong forms, no surrogates) that `text`
// starts with, and its code point; 0 if there is none.
size_t decode_utf8(std::string_view text, uint32_t& code_point) {
    const auto byte = [text](size_t at) -> uint32_t {
        return static_cast<unsigned char>(text[at]);
    };
    const uint32_t lead = byte(0);
    const size_t size = lead < 0x80             ? 1
                        : (lead & 0xe0) == 0xc0 ? 2
                        : (lead & 0xf0) == 0xe0 ? 3
                        : (lead & 0xf8) == 0xf0 ? 4
                                                : 0;
    if (size == 0 || size > text.size()) {
        return 0;
    }
    static constexpr std::array<uint32_t, 5> kLeadMask{0, 0x7f, 0x1f, 0x0f, 0x07};
    static constexpr std::array<uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
    code_point = lead & kLeadMask[size];
    for (size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return 0;
        }
        code_point = (code_point << 6) | (byte(i) & 0x3f);
    }
    const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
    return code_point < kSmallest[size] || code_point > 0x10ffff || surrogate ? 0 : size;
}

void append_escaped(fmt::memory_buffer& out, std::string_view bytes) {
    for (const char c : bytes) {
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    }
}

}  // namespace

void append_printable(fmt::memory_buffer& out, std::string_view text) {
    while (!text.empty()) {
        uint32_t code_point = 0;
        const size_t size = decode_utf8(text, code_point);
        const std::string_view sequence = text.substr(0, std::max<size_t>(size, 1));
        if (size == 0 || !safe(code_point)) {
            append_escaped(out, sequence);
        } else if (code_point == '\\') {
            out.append(std::string_view("\\\\"));
        } else {
            out.append(sequence);
        }
        text.remove_prefix(sequence.size());
    }
}

std::string printable(std::string_view text) {
    fmt::memory_buffer out;
    append_printable(out, text);
    return fmt::to_string(out);
}

void append_word(fmt::memory_buffer& out, std::string_view text) {
    // Blanks of Unicode count as blanks: U+00A0, U+2000… and U+3000 look like a space.
    static constexpr std::array<std::string_view, 2> kWide{"\xc2\xa0", "\xe3\x80\x80"};
    const bool plain = !text.empty() && text.find_first_of(" []()<>\"") == std::string_view::npos &&
                       std::none_of(kWide.begin(), kWide.end(), [text](std::string_view blank) {
                           return text.find(blank) != text.npos;
                       });
    if (plain) {
        append_printable(out, text);
        return;
    }
    out.push_back('"');
    while (!text.empty()) {
        const size_t quote = text.find('"');
        append_printable(out, text.substr(0, quote));
        if (quote == std::string_view::npos) {
            break;
        }
        append_escaped(out, text.substr(quote, 1));
        text.remove_prefix(quote + 1);
    }
    out.push_back('"');
}

}  // namespace cmd
