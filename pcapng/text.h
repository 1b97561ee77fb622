// SPDX-License-Identifier: GPL-2.0-only
//
// Text that a process controls (comm, paths, command lines) and that ends up in terminals. UTF-8 is
// decoded strictly (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF), and code
// points that a terminal obeys or hides are told apart from those that it shows.
// Pure functions, safe on any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pcapng {

// The length in bytes (1–4) of the code point at the start of `text`, stored in `code_point`;
// 0 where there is none: empty or not UTF-8.
size_t decode_utf8(std::string_view text, char32_t& code_point);

// Shown as itself by a terminal: not a control (C0, DEL, C1), a line or paragraph separator, a mark
// that reorders or hides (bidi, zero width, tags), or a non-character. A plain space is shown; the
// other Unicode spaces, which only look like it, are not.
bool is_shown(char32_t code_point);

// Appends %XX for each byte.
void append_percent(std::string& out, std::string_view bytes);

// `text` with every byte that isn't UTF-8, and every code point that isn't shown, as %XX for each
// byte. For names in blocks that other tools show as they are: `%` and space stay, so it is not
// reversible (the comment's encoding is, see comment.h).
std::string shown_text(std::string_view text);

// The longest start of `text` of at most `max` bytes that doesn't cut a code point.
std::string_view cut_utf8(std::string_view text, size_t max);

}  // namespace pcapng
