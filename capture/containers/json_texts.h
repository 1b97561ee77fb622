// SPDX-License-Identifier: GPL-2.0-only
//
// Walks through the texts of a JSON document without keeping it, in memory of its depth. For
// documents that others wrote. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace capture {

// Where a value is: the keys that lead to it; of an element of an array, its index in decimal.
using JsonPath = std::vector<std::string>;

inline constexpr size_t kMaxJsonDepth = 32;

// Calls `visit` for each text, in order. Returns false if the document is no JSON (then some texts
// were visited already) or is deeper than kMaxJsonDepth.
bool visit_json_texts(
    std::string_view json,
    const std::function<void(const JsonPath& path, const std::string& text)>& visit);

}  // namespace capture
