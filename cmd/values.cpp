// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/values.h"

#include <fmt/format.h>
#include <pwd.h>

#include <cerrno>
#include <charconv>
#include <limits>
#include <vector>

#include "cmd/terminal_text.h"

namespace cmd {
namespace {

using pcapng::Error;

constexpr double kYear = 366.0 * 86400;

bool all_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

Result<uint64_t> parse_number(std::string_view option, std::string_view text, uint64_t min,
                              uint64_t max) {
    uint64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (!all_digits(text) || code != std::errc{} || end != text.data() + text.size() ||
        number < min || number > max) {
        const std::string range = max == std::numeric_limits<uint64_t>::max()
                                      ? fmt::format("of at least {}", min)
                                      : fmt::format("from {} to {}", min, max);
        return Error{fmt::format("{} {}: not a number {}", option, printable(text), range)};
    }
    return number;
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view option, std::string_view text) {
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
        return Error{fmt::format("{} {}: not a duration; write 10, 2.5, 10s, 5m or 1h", option,
                                 printable(text))};
    }
    return std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9));
}

Result<uint32_t> parse_uid(std::string_view option, const std::string& text) {
    if (all_digits(text)) {
        // The largest number means "no user" to the kernel.
        const auto uid =
            parse_number(option, text, 0, std::numeric_limits<uint32_t>::max() - uint64_t{1});
        if (!uid) {
            return uid.error();
        }
        return static_cast<uint32_t>(*uid);
    }
    std::vector<char> buffer(1024);
    passwd entry{};
    passwd* found = nullptr;
    while (getpwnam_r(text.c_str(), &entry, buffer.data(), buffer.size(), &found) == ERANGE) {
        buffer.resize(buffer.size() * 2);
    }
    if (found == nullptr) {
        return Error{fmt::format("{} {}: no such user", option, printable(text))};
    }
    return entry.pw_uid;
}

}  // namespace cmd
