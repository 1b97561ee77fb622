// SPDX-License-Identifier: GPL-2.0-only
#include "packet/filter/duration.h"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace packet {
namespace {

constexpr double kYear = 366.0 * 86400;

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    std::string_view digits = text;
    double unit = 1;
    if (!digits.empty()) {
        const char last = digits.back();
        unit = last == 'h' ? 3600 : last == 'm' ? 60 : 1;
        if (last == 'h' || last == 'm' || last == 's') {
            digits.remove_suffix(1);
        }
    }
    double seconds = 0;
    const char* end = digits.data() + digits.size();
    const auto [parsed, code] =
        std::from_chars(digits.data(), end, seconds, std::chars_format::fixed);
    // "inf" and "nan" are numbers to from_chars.
    const bool number = digits.find_first_not_of("0123456789.") == std::string_view::npos;
    seconds *= unit;
    if (!number || code != std::errc{} || parsed != end || !(seconds >= 1e-9) || seconds > kYear) {
        return std::nullopt;
    }
    return std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9));
}

}  // namespace packet
