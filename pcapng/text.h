// SPDX-License-Identifier: GPL-2.0-only
//
// Text that a process controls (comm, paths, command lines) and that ends up in terminals. UTF-8 is
// decoded strictly (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). Code
// points that control a terminal or are invisible are escaped. Pure functions, safe on any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pcapng {

// Decodes the first code point of `text` into `code_point`. Returns its length in bytes (1–4), or 0
// if `text` is empty or doesn't begin with valid UTF-8.
size_t decode_utf8(std::string_view text, char32_t& code_point);

// Returns whether a terminal shows the code point as itself: not a control (C0, DEL, C1), a line or
// paragraph separator, a mark that reorders or hides (bidi, zero width, tags), or a non-character.
// A plain space is shown; the other Unicode spaces, which only look like it, are not.
bool is_shown(char32_t code_point);

// Appends %XX for each byte.
void append_percent(std::string& out, std::string_view bytes);

// Returns `text` with each byte that isn't UTF-8, and each byte of a code point that isn't shown,
// as %XX. For names in blocks, which other tools print unescaped. `%` and space are kept, so this
// is not reversible (the comment's encoding is, see comment.h).
std::string shown_text(std::string_view text);

// Returns the longest prefix of `text` that has at most `max` bytes and doesn't split a code point.
std::string_view cut_utf8(std::string_view text, size_t max);

}  // namespace pcapng
