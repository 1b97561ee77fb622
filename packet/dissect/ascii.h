// SPDX-License-Identifier: GPL-2.0-only
//
// Upper and lower case of names, for which only ASCII letters have any. Pure.
#pragma once

#include <algorithm>
#include <string_view>

namespace packet {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

inline bool equal_without_case(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, {}, lower, lower);
}

}  // namespace packet
