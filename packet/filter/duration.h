// SPDX-License-Identifier: GPL-2.0-only
//
// Lengths of time as options write them. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace packet {

// "10", "2.5", "10s", "5m", "1h": seconds unless a unit says otherwise. Returns nothing if the text
// is no such length, is 0 or longer than a year.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace packet
