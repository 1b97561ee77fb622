// SPDX-License-Identifier: GPL-2.0-only
//
// Sentences: the lines by which an extcap program answers Wireshark, a word and then {key=value} …
// (its manual page extcap(4)). Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace extcap {

// Wireshark reads a value up to the next brace, and knows no way to escape one: braces become
// brackets. What isn't shown as itself is escaped as for a terminal.
std::string sentence(std::string_view word,
                     std::initializer_list<std::pair<std::string_view, std::string_view>> values);

// Whether a value comes back from Wireshark as it was given.
bool can_be_said(std::string_view value);

}  // namespace extcap
