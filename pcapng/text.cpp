// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace pcapng {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// Beyond ASCII, ordered. Sources: Unicode 15 general categories Cc, Cf, Zl, Zp and Zs, and the
// non-characters.
constexpr std::array kNotShown = {
    Range{0x80, 0xA0},        // C1 controls, no-break space
    Range{0xAD, 0xAD},        // soft hyphen
    Range{0x034F, 0x034F},    // combining grapheme joiner
    Range{0x0600, 0x0605},    // Arabic number signs
    Range{0x061C, 0x061C},    // Arabic letter mark
    Range{0x06DD, 0x06DD},    // Arabic end of ayah
    Range{0x070F, 0x070F},    // Syriac abbreviation mark
    Range{0x0890, 0x0891},    // Arabic pound marks
    Range{0x08E2, 0x08E2},    // Arabic disputed end of ayah
    Range{0x115F, 0x1160},    // Hangul fillers
    Range{0x1680, 0x1680},    // Ogham space
    Range{0x17B4, 0x17B5},    // Khmer inherent vowels
    Range{0x180B, 0x180F},    // Mongolian variation selectors, vowel separator
    Range{0x2000, 0x200F},    // spaces, zero width, LRM and RLM
    Range{0x2028, 0x202F},    // line and paragraph separator, bidi embeddings and overrides
    Range{0x205F, 0x206F},    // spaces, invisible operators, bidi isolates
    Range{0x2800, 0x2800},    // blank braille pattern
    Range{0x3000, 0x3000},    // ideographic space
    Range{0x3164, 0x3164},    // Hangul filler
    Range{0xFDD0, 0xFDEF},    // non-characters
    Range{0xFE00, 0xFE0F},    // variation selectors
    Range{0xFEFF, 0xFEFF},    // byte order mark
    Range{0xFFA0, 0xFFA0},    // Hangul filler
    Range{0xFFF0, 0xFFFB},    // unassigned, interlinear annotation
    Range{0x110BD, 0x110BD},  // Kaithi number signs
    Range{0x110CD, 0x110CD}, Range{0x13430, 0x1343F},  // Egyptian hieroglyph format
    Range{0x1BCA0, 0x1BCA3},                           // shorthand format
    Range{0x1D173, 0x1D17A},                           // musical format
    Range{0xE0000, 0xE0FFF},                           // tags, variation selectors
};

constexpr std::string_view kHex = "0123456789ABCDEF";

bool continues(char byte) {
    return (static_cast<uint8_t>(byte) & 0xC0) == 0x80;
}

}  // namespace

size_t decode_utf8(std::string_view text, char32_t& code_point) {
    if (text.empty()) {
        return 0;
    }
    const auto lead = static_cast<uint8_t>(text[0]);
    if (lead < 0x80) {
        code_point = lead;
        return 1;
    }
    size_t length = 0;
    char32_t least = 0;  // smaller ones are overlong
    char32_t value = 0;
    if ((lead & 0xE0) == 0xC0) {
        length = 2, least = 0x80, value = lead & 0x1F;
    } else if ((lead & 0xF0) == 0xE0) {
        length = 3, least = 0x800, value = lead & 0x0F;
    } else if ((lead & 0xF8) == 0xF0) {
        length = 4, least = 0x10000, value = lead & 0x07;
    }
    if (length == 0 || text.size() < length) {
        return 0;
    }
    for (size_t i = 1; i < length; ++i) {
        if (!continues(text[i])) {
            return 0;
        }
        value = (value << 6) | (static_cast<uint8_t>(text[i]) & 0x3F);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return 0;
    }
    code_point = value;
    return length;
}

bool is_shown(char32_t code_point) {
    if (code_point < 0x80) {
        return code_point >= 0x20 && code_point != 0x7F;
    }
    if ((code_point & 0xFFFE) == 0xFFFE) {  // U+nFFFE and U+nFFFF
        return false;
    }
    return std::none_of(kNotShown.begin(), kNotShown.end(), [&](const Range& range) {
        return code_point >= range.first && code_point <= range.last;
    });
}

void append_percent(std::string& out, std::string_view bytes) {
    for (const char c : bytes) {
        const auto byte = static_cast<uint8_t>(c);
        out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
}

std::string shown_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        char32_t code_point = 0;
        const size_t length = decode_utf8(text, code_point);
        const std::string_view head = text.substr(0, std::max<size_t>(length, 1));
        if (length > 0 && is_shown(code_point)) {
            out += head;
        } else {
            append_percent(out, head);
        }
        text.remove_prefix(head.size());
    }
    return out;
}

std::string_view cut_utf8(std::string_view text, size_t max) {
    if (text.size() <= max) {
        return text;
    }
    size_t end = max;
    // A code point has at most three continuation bytes; more is no UTF-8, and cut anywhere.
    for (int i = 0; i < 3 && end > 0 && continues(text[end]); ++i) {
        --end;
    }
    return text.substr(0, continues(text[end]) ? max : end);
}

}  // namespace pcapng
