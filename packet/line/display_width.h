// SPDX-License-Identifier: GPL-2.0-only
//
// How many columns of a terminal a text takes: two for a wide character (CJK, most emoji), none for
// a mark that combines with the one before it. Texts are UTF-8 that is safe for a terminal
// (terminal_text.h). Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace packet {

size_t display_width(std::string_view text);

// The longest start of `text` that takes at most `columns`, with the marks that combine with its
// last character.
std::string_view fit_to_width(std::string_view text, size_t columns);

}  // namespace packet
