// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/terminal_text.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "pcapng/text.h"

namespace packet {
namespace {

void append_escaped(fmt::memory_buffer& out, std::string_view bytes) {
    for (const char c : bytes) {
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    }
}

// What may stand before the "=" of a field: "peer.user".
bool is_field_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_';
    });
}

}  // namespace

void append_printable(fmt::memory_buffer& out, std::string_view text) {
    while (!text.empty()) {
        char32_t code_point = 0;
        const size_t size = pcapng::decode_utf8(text, code_point);
        const std::string_view sequence = text.substr(0, std::max<size_t>(size, 1));
        if (size == 0 || !pcapng::is_shown(code_point)) {
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
    // Other blanks than the space are escaped.
    if (!text.empty() && text.find_first_of(" []()<>\"") == std::string_view::npos) {
        append_printable(out, text);
        return;
    }
    append_quoted_text(out, text);
}

void append_quoted_text(fmt::memory_buffer& out, std::string_view text) {
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

void append_unbroken(fmt::memory_buffer& out, std::string_view text) {
    while (!text.empty()) {
        const size_t blank = std::min(text.find(' '), text.size());
        append_printable(out, text.substr(0, blank));
        append_escaped(out, text.substr(blank, 1));
        text.remove_prefix(std::min(blank + 1, text.size()));
    }
}

void append_unforged(fmt::memory_buffer& out, std::string_view text) {
    while (!text.empty()) {
        const size_t blank = std::min(text.find(' '), text.size());
        append_printable(out, text.substr(0, blank));
        const std::string_view word = text.substr(std::min(blank + 1, text.size()));
        const bool is_field = is_field_name(word.substr(0, std::min(word.find('='), word.size())));
        if (is_field && word.find('=') != std::string_view::npos) {
            append_escaped(out, text.substr(blank, 1));
        } else {
            out.append(text.substr(blank, 1));
        }
        text.remove_prefix(std::min(blank + 1, text.size()));
    }
}

}  // namespace packet
