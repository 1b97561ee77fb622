// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/values.h"

#include <fmt/format.h>

#include <grp.h>
#include <pwd.h>
#include <array>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "packet/filter/duration.h"
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

// getpwnam_r(3) or getgrnam_r(3). The pointers in the entry point nowhere any more.
template <typename Entry, typename Ask>
std::optional<Entry> look_up(Ask ask, const std::string& name) {
    std::vector<char> buffer(1024);
    Entry entry{};
    Entry* found = nullptr;
    while (ask(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == ERANGE) {
        buffer.resize(buffer.size() * 2);
    }
    return found != nullptr ? std::optional(entry) : std::nullopt;
}

struct CloseFile {
    void operator()(FILE* file) const { fclose(file); }
};

// The id of a local user or group, without asking a server: a running capture may not connect.
template <typename Entry, typename Read>
std::optional<uint32_t> local_id(const char* path, Read read, char* Entry::*name_of,
                                 uint32_t Entry::*id_of, const std::string& name) {
    const std::unique_ptr<FILE, CloseFile> file(fopen(path, "re"));
    std::vector<char> buffer(size_t{1} << 16);
    Entry entry{};
    Entry* found = nullptr;
    while (file != nullptr && read(file.get(), &entry, buffer.data(), buffer.size(), &found) == 0) {
        if (found->*name_of == name) {
            return found->*id_of;
        }
    }
    return std::nullopt;
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
    if (const auto local =
            local_id<passwd>("/etc/passwd", fgetpwent_r, &passwd::pw_name, &passwd::pw_uid, text)) {
        return *local;
    }
    const auto found = look_up<passwd>(getpwnam_r, text);
    if (!found) {
        return Error{fmt::format("--user {}: no such user", packet::printable(text))};
    }
    return found->pw_uid;
}

Result<uint32_t> parse_gid(const std::string& text) {
    if (all_digits(text)) {
        return parse_id("--gid", text);
    }
    if (const auto local =
            local_id<group>("/etc/group", fgetgrent_r, &group::gr_name, &group::gr_gid, text)) {
        return *local;
    }
    const auto found = look_up<group>(getgrnam_r, text);
    if (!found) {
        return Error{fmt::format("--gid {}: no such group", packet::printable(text))};
    }
    return found->gr_gid;
}

Result<capture::UserIds> parse_user(std::string_view option, const std::string& text) {
    std::optional<passwd> found = look_up<passwd>(getpwnam_r, text);
    if (!found && all_digits(text)) {
        const auto uid = parse_id(option, text);
        if (!uid) {
            return uid.error();
        }
        // Whoever has no entry has no group either.
        const passwd* user = getpwuid(*uid);
        return capture::UserIds{*uid, user != nullptr ? user->pw_gid : *uid};
    }
    if (!found) {
        return Error{fmt::format("{} {}: no such user", option, packet::printable(text))};
    }
    return capture::UserIds{found->pw_uid, found->pw_gid};
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
