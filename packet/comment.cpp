// SPDX-License-Identifier: GPL-2.0-only
#include "packet/comment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "pcapng/text.h"

namespace packet {
namespace {

constexpr std::string_view kCut = "…";

void append_value(std::string& out, std::string_view value) {
    while (!value.empty()) {
        char32_t code_point = 0;
        const size_t length = pcapng::decode_utf8(value, code_point);
        const std::string_view head = value.substr(0, std::max<size_t>(length, 1));
        const bool plain = length > 0 && code_point != ' ' && code_point != '%';
        if (plain && pcapng::is_shown(code_point)) {
            out += head;
        } else {
            pcapng::append_percent(out, head);
        }
        value.remove_prefix(head.size());
    }
}

void append_name(std::string& out, std::string_view prefix, std::string_view key) {
    if (!out.empty()) {
        out += ' ';
    }
    out += prefix;
    out += key;
    out += '=';
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return -1;
}

// Of plain bytes a value has any number, as they are.
bool is_plain(char c) {
    return c > ' ' && c != '%' && c < 0x7F;  // bytes from 0x80 on are below 0
}

// Whether all eight bytes are plain. No sum of two bytes below 0x80 carries into the next one.
bool is_plain(uint64_t bytes) {
    constexpr uint64_t kEach = 0x0101010101010101;
    constexpr uint64_t kHigh = 0x80 * kEach;
    const uint64_t above_blank = bytes + (0x7F - ' ') * kEach;
    const uint64_t no_percent = (bytes ^ '%' * kEach) + 0x7F * kEach;
    return ((bytes | (bytes + kEach)) & kHigh) == 0 && (above_blank & no_percent & kHigh) == kHigh;
}

// The length of the plain bytes in front: command lines may be long.
size_t plain_length(std::string_view text) {
    size_t length = 0;
    for (uint64_t bytes = 0; text.size() - length >= sizeof(bytes); length += sizeof(bytes)) {
        std::memcpy(&bytes, text.data() + length, sizeof(bytes));
        if (!is_plain(bytes)) {
            break;
        }
    }
    while (length < text.size() && is_plain(text[length])) {
        length++;
    }
    return length;
}

// Returns nullopt if the value has a bare % or a byte that the encoder would have escaped.
std::optional<std::string> decode_value(std::string_view value) {
    std::string out;
    out.reserve(value.size());
    while (!value.empty()) {
        const size_t plain = plain_length(value);
        out += value.substr(0, plain);
        value.remove_prefix(plain);
        if (value.empty()) {
            break;
        }
        char32_t code_point = 0;
        size_t length = pcapng::decode_utf8(value, code_point);
        if (code_point == '%' && value.size() >= 3) {
            const int high = hex_digit(value[1]);
            const int low = hex_digit(value[2]);
            if (high < 0 || low < 0) {
                return std::nullopt;
            }
            out += static_cast<char>(high * 16 + low);
            length = 3;
        } else if (length == 0 || code_point <= ' ' || code_point == 0x7F || code_point == '%') {
            return std::nullopt;
        } else {
            out += value.substr(0, length);
        }
        value.remove_prefix(length);
    }
    return out;
}

bool is_key(std::string_view key) {
    return !key.empty() && key[0] >= 'a' && key[0] <= 'z' &&
           std::all_of(key.begin(), key.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                      c == '-';
           });
}

bool starts_like_ours(std::string_view comment) {
    return comment.substr(0, 4) == "pid=" || comment.substr(0, 4) == "via=";
}

}  // namespace

void append_pair(std::string& out, std::string_view prefix, std::string_view key,
                 std::string_view value) {
    append_name(out, prefix, key);
    append_value(out, value);
}

void append_pair(std::string& out, std::string_view prefix, std::string_view key, uint64_t value) {
    append_name(out, prefix, key);
    fmt::format_to(std::back_inserter(out), "{}", value);
}

void append_command_line(std::string& out, std::string_view prefix, std::string_view key,
                         std::string_view cmdline) {
    while (!cmdline.empty() && cmdline.back() == '\0') {
        cmdline.remove_suffix(1);
    }
    if (cmdline.empty()) {
        return;
    }
    // Each byte encodes to at least one byte, so the rest would be cut anyway.
    std::string words(cmdline.substr(0, kMaxCommandLine + 1));
    std::replace(words.begin(), words.end(), '\0', ' ');
    std::string encoded;
    append_value(encoded, words);
    append_name(out, prefix, key);
    if (encoded.size() <= kMaxCommandLine) {
        out += encoded;
        return;
    }
    std::string_view kept = pcapng::cut_utf8(encoded, kMaxCommandLine - kCut.size());
    const size_t escape = kept.rfind('%');
    if (escape != std::string_view::npos && escape + 3 > kept.size()) {
        kept = kept.substr(0, escape);
    }
    out += kept;
    out += kCut;
}

std::string_view cut_comment(std::string_view comment, size_t max) {
    if (comment.size() <= max) {
        return comment;
    }
    if (starts_like_ours(comment)) {
        // Half a value would be a wrong value. The space may be the first byte that doesn't fit.
        const size_t space = comment.substr(0, max + 1).rfind(' ');
        return comment.substr(0, space == std::string_view::npos ? 0 : space);
    }
    return pcapng::cut_utf8(comment, max);
}

std::optional<std::string_view> Comment::find(std::string_view key) const {
    for (const auto& [name, value] : pairs) {
        if (name == key) {
            return value;
        }
    }
    return std::nullopt;
}

std::optional<uint64_t> Comment::number(std::string_view key) const {
    const auto value = find(key);
    return value.has_value() ? parse_number<uint64_t>(*value) : std::nullopt;
}

std::optional<Comment> parse_comment(std::string_view comment) {
    if (!starts_like_ours(comment)) {
        return std::nullopt;
    }
    Comment result;
    for (bool more = true; more;) {
        const size_t space = comment.find(' ');
        const std::string_view pair = comment.substr(0, space);
        const size_t equals = pair.find('=');
        if (equals == std::string_view::npos || !is_key(pair.substr(0, equals))) {
            return std::nullopt;
        }
        std::optional<std::string> value = decode_value(pair.substr(equals + 1));
        if (!value.has_value()) {
            return std::nullopt;
        }
        result.pairs.emplace_back(pair.substr(0, equals), std::move(*value));
        more = space != std::string_view::npos;
        comment.remove_prefix(more ? space + 1 : comment.size());
    }
    const auto& [key, value] = result.pairs.front();
    if (key == "pid" ? !parse_number<uint32_t>(value).has_value() : value.empty()) {
        return std::nullopt;
    }
    return result;
}

}  // namespace packet
