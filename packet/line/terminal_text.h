// SPDX-License-Identifier: GPL-2.0-only
//
// Text from elsewhere (comms, paths, interface names) made safe for a terminal. What a process
// controls may hold escape sequences, line breaks, direction overrides or bytes that are no UTF-8:
// each such byte becomes \xNN, and a backslash becomes \\ so that none of it can be faked. Pure.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace packet {

// Appends `text` so that it is one line without control over the terminal: escapes invalid UTF-8
// and what isn't shown as itself (pcapng/text.h).
void append_printable(fmt::memory_buffer& out, std::string_view text);
std::string printable(std::string_view text);

// The same as one word: in double quotes where it holds blanks, brackets, quotes or nothing, so
// that a process named "a[1] -> b" is not taken for two.
void append_word(fmt::memory_buffer& out, std::string_view text);

// The same in double quotes, whatever it holds.
void append_quoted_text(fmt::memory_buffer& out, std::string_view text);

// The same as one word without quotes: its blanks are escaped.
void append_unbroken(fmt::memory_buffer& out, std::string_view text);

// The same with its blanks, but for those before what looks like a field of a line, "user=root":
// they are escaped, so that text of the network can't go on with fields that are none.
void append_unforged(fmt::memory_buffer& out, std::string_view text);

}  // namespace packet
