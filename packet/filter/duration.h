// SPDX-License-Identifier: GPL-2.0-only
//
// Durations in options. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace packet {

// Parses "10", "2.5", "10s", "5m" or "1h"; without a unit, seconds. Returns nullopt if the text is
// not a duration, is 0 or is longer than a year.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace packet
