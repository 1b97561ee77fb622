// SPDX-License-Identifier: GPL-2.0-only
//
// Patterns for text that a process chose: `*` any bytes, `/` included; `?` any one byte; `[a-z]`
// one of a set of bytes, `[!a-z]` one that isn't in it; `\` takes the next byte as it is. A "["
// that is never closed, and a "\" at the end, stand for themselves. Pure.
//
// Not fnmatch(3), whose time can grow exponentially: here a mismatch goes back to the last `*`
// only, so that each byte of the text meets each element of the pattern at most once, whatever the
// text. (An element is short but for a set; a "[" that is never closed is as long as the rest.)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace packet {

// Returns whether the pattern matches the whole text.
bool glob_matches(std::string_view pattern, std::string_view text);

// Returns the pattern that matches only this text.
std::string glob_literal(std::string_view text);

bool is_glob(std::string_view pattern);  // holds one of *?[

// Returns the least number of bytes that a matching text has.
size_t glob_min_length(std::string_view pattern);

}  // namespace packet
