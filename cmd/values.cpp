// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/values.h"

#include <fmt/format.h>

#include <grp.h>
#include <pwd.h>
#include <array>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "cmd/local_users.h"
#include "packet/filter/duration.h"
#include "packet/host_comment.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using pcapng::Error;

bool all_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The largest number means "no user" and "no group" to the kernel.
Result<uint32_t> parse_id(std::string_view option, const std::string& text) {
    const auto id =
        parse_number(option, text, 0, std::numeric_limits<uint32_t>::max() - uint64_t{1});
    if (!id) {
        return id.error();
    }
    return static_cast<uint32_t>(*id);
}

Error no_such(std::string_view option, const std::string& text, std::string_view what) {
    return Error{fmt::format("{} {}: no such {} on this machine; a number works, too", option,
                             packet::printable(text), what)};
}

// Asks getpwnam_r(3), getpwuid_r(3) or getgrnam_r(3). The pointers in the entry point nowhere any
// more.
template <typename Entry, typename Key>
std::optional<Entry> look_up(int (*ask)(Key, Entry*, char*, size_t, Entry**), Key key) {
    std::vector<char> buffer(1024);
    Entry entry{};
    Entry* found = nullptr;
    while (ask(key, &entry, buffer.data(), buffer.size(), &found) == ERANGE) {
        buffer.resize(buffer.size() * 2);
    }
    return found != nullptr ? std::optional(entry) : std::nullopt;
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
        return Error{fmt::format("{} {}: not a number {}", option, packet::printable(text), range)};
    }
    return number;
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view option, std::string_view text) {
    const auto duration = packet::parse_duration(text);
    if (!duration) {
        return Error{fmt::format("{} {}: not a duration; write 10, 2.5, 10s, 5m or 1h", option,
                                 packet::printable(text))};
    }
    return *duration;
}

Result<std::chrono::seconds> parse_seconds(std::string_view option, std::string_view text) {
    const auto duration = parse_duration(option, text);
    if (!duration) {
        return duration.error();
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*duration);
    if (seconds != *duration) {
        return Error{
            fmt::format("{} {}: not a number of whole seconds", option, packet::printable(text))};
    }
    return seconds;
}

Result<uint64_t> parse_size(std::string_view option, std::string_view text) {
    static constexpr std::string_view kUnits = "kmg";
    uint64_t unit = 1'000'000;
    std::string_view number = text;
    if (!text.empty()) {
        const size_t found = kUnits.find(static_cast<char>(std::tolower(text.back())));
        if (found != std::string_view::npos) {
            unit = uint64_t{1} << (10 * (found + 1));
            number.remove_suffix(1);
        }
    }
    constexpr uint64_t kMost = uint64_t{1} << 62;
    const auto count = parse_number(option, number, 1, kMost / unit);
    if (!count) {
        return Error{
            fmt::format("{} {}: not a size; write 100 (millions of bytes), 500k, 64M or 2G", option,
                        packet::printable(text))};
    }
    return *count * unit;
}

Result<packet::TimeForm> parse_time_form(size_t times) {
    using packet::TimeForm;
    static constexpr std::array kForms = {TimeForm::kClock, TimeForm::kNone,
                                          TimeForm::kEpoch, TimeForm::kSincePrevious,
                                          TimeForm::kDate,  TimeForm::kSinceFirst};
    if (times >= kForms.size()) {
        return Error{"-t is given more than five times"};
    }
    return kForms[times];
}

Result<uint32_t> parse_uid(const std::string& text) {
    if (all_digits(text)) {
        return parse_id("--uid", text);
    }
    if (const auto local = local_user(text)) {
        return local->uid;
    }
    const auto found = look_up(getpwnam_r, text.c_str());
    if (!found) {
        return no_such("--user", text, "user");
    }
    return found->pw_uid;
}

Result<uint32_t> parse_gid(const std::string& text) {
    if (all_digits(text)) {
        return parse_id("--gid", text);
    }
    if (const auto local = local_group(text)) {
        return *local;
    }
    const auto found = look_up(getgrnam_r, text.c_str());
    if (!found) {
        return no_such("--gid", text, "group");
    }
    return found->gr_gid;
}

Result<capture::UserIds> parse_user(std::string_view option, const std::string& text, Users users) {
    const bool is_number = all_digits(text);
    const bool asks_servers = !is_number || users == Users::kAll;
    if (const auto local = local_user(text)) {
        return *local;
    }
    if (const auto named = asks_servers ? look_up(getpwnam_r, text.c_str()) : std::nullopt) {
        return capture::UserIds{named->pw_uid, named->pw_gid};
    }
    if (!is_number) {
        return no_such(option, text, "user");
    }
    const auto uid = parse_id(option, text);
    if (!uid) {
        return uid.error();
    }
    if (const auto local = local_user(*uid)) {
        return *local;
    }
    const auto user = asks_servers ? look_up(getpwuid_r, uid_t{*uid}) : std::nullopt;
    // Whoever has no entry has no group either.
    return capture::UserIds{*uid, user ? user->pw_gid : *uid};
}

Result<std::string> parse_host(const std::string& text) {
    if (text.empty() || text.size() > packet::kMaxHost) {
        return Error{text.empty() ? "--host: the name is empty"
                                  : fmt::format("--host: the name is longer than {} bytes",
                                                packet::kMaxHost)};
    }
    return text;
}

Result<uint32_t> parse_mode(std::string_view option, const std::string& text) {
    constexpr uint32_t kPermissions = 0777;
    uint32_t mode = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    if (text.empty() || text.front() == '-' || code != std::errc{} ||
        end != text.data() + text.size() || mode > kPermissions) {
        return Error{fmt::format("{} {}: not a mode; write three octal digits, as 640", option,
                                 packet::printable(text))};
    }
    return mode;
}

}  // namespace cmd
