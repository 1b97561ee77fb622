// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/select/time_window.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>
#include <limits>

#include "packet/filter/duration.h"
#include "packet/line/terminal_text.h"

namespace forensics {
namespace {

using pcapng::Error;
using pcapng::Result;

constexpr uint64_t kNsPerSecond = 1'000'000'000;
constexpr uint64_t kLatestSecond = std::numeric_limits<uint64_t>::max() / kNsPerSecond - 1;

// Takes parts off the front of a text; after the first that isn't there, `good` is false.
struct Scanner {
    std::string_view rest;
    bool good = true;

    bool skip(char c) {
        const bool there = rest.starts_with(c);
        rest.remove_prefix(there ? 1 : 0);
        return there;
    }
    void need(char c) { good = skip(c) && good; }

    // A number of exactly so many digits.
    int digits(size_t count, int largest) {
        int number = 0;
        const char* end = rest.data() + count;
        if (rest.size() < count ||
            rest.substr(0, count).find_first_not_of("0123456789") != std::string_view::npos) {
            good = false;
            return 0;
        }
        std::from_chars(rest.data(), end, number);
        rest.remove_prefix(count);
        good = good && number <= largest;
        return number;
    }

    // ".5": nanoseconds; nothing: 0.
    uint64_t fraction() {
        if (!skip('.')) {
            return 0;
        }
        uint64_t ns = 0;
        size_t count = 0;
        for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; count++) {
            ns = count < 9 ? ns * 10 + static_cast<uint64_t>(rest.front() - '0') : ns;
            rest.remove_prefix(1);
        }
        good = good && count > 0;
        for (; count < 9; count++) {
            ns *= 10;
        }
        return ns;
    }
};

// HH:MM, HH:MM:SS or HH:MM:SS.frac into `to`; the fraction is returned.
uint64_t scan_clock(Scanner& scanner, tm& to) {
    to.tm_hour = scanner.digits(2, 23);
    scanner.need(':');
    to.tm_min = scanner.digits(2, 59);
    if (!scanner.skip(':')) {
        return 0;
    }
    to.tm_sec = scanner.digits(2, 60);
    return scanner.fraction();
}

// What stands behind a time, in seconds to subtract; none: local time.
std::optional<time_t> scan_zone(Scanner& scanner) {
    if (scanner.skip('Z')) {
        return 0;
    }
    const bool west = scanner.rest.starts_with('-');
    if (!west && !scanner.rest.starts_with('+')) {
        return std::nullopt;
    }
    scanner.rest.remove_prefix(1);
    const int hours = scanner.digits(2, 23);
    scanner.skip(':');
    const int seconds = hours * 3600 + scanner.digits(2, 59) * 60;
    return west ? -seconds : seconds;
}

std::optional<uint64_t> scan_date(std::string_view text) {
    Scanner scanner{text};
    tm parts{};
    parts.tm_year = scanner.digits(4, 9999) - 1900;
    scanner.need('-');
    parts.tm_mon = scanner.digits(2, 12) - 1;
    scanner.need('-');
    parts.tm_mday = scanner.digits(2, 31);
    if (!scanner.good || parts.tm_mon < 0 || parts.tm_mday == 0) {
        return std::nullopt;
    }
    uint64_t fraction = 0;
    if (scanner.skip('T') || scanner.skip(' ')) {
        fraction = scan_clock(scanner, parts);
    }
    const std::optional<time_t> zone = scan_zone(scanner);
    if (!scanner.good || !scanner.rest.empty()) {
        return std::nullopt;
    }
    parts.tm_isdst = -1;
    const int day = parts.tm_mday;
    const int seconds = parts.tm_sec;
    const time_t second = zone ? timegm(&parts) - *zone : mktime(&parts);
    const bool exists = parts.tm_mday == day || seconds == 60;  // no 30th of February
    if (!exists || second < 0 || static_cast<uint64_t>(second) > kLatestSecond) {
        return std::nullopt;
    }
    return static_cast<uint64_t>(second) * kNsPerSecond + fraction;
}

std::optional<uint64_t> scan_clock_only(std::string_view text) {
    Scanner scanner{text};
    tm parts{};
    const uint64_t fraction = scan_clock(scanner, parts);
    if (!scanner.good || !scanner.rest.empty()) {
        return std::nullopt;
    }
    const int seconds = (parts.tm_hour * 60 + parts.tm_min) * 60 + parts.tm_sec;
    return static_cast<uint64_t>(seconds) * kNsPerSecond + fraction;
}

std::optional<uint64_t> scan_epoch(std::string_view text) {
    uint64_t seconds = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (code != std::errc{} || seconds > kLatestSecond) {
        return std::nullopt;
    }
    Scanner scanner{text.substr(static_cast<size_t>(end - text.data()))};
    const uint64_t fraction = scanner.fraction();
    if (!scanner.good || !scanner.rest.empty()) {
        return std::nullopt;
    }
    return seconds * kNsPerSecond + fraction;
}

// The local time of day `clock_ns`, on the day of `time_ns`.
uint64_t on_day_of(uint64_t time_ns, uint64_t clock_ns) {
    const auto second = static_cast<time_t>(time_ns / kNsPerSecond);
    tm local{};
    if (localtime_r(&second, &local) == nullptr) {
        return clock_ns;
    }
    const auto clock = static_cast<int>(clock_ns / kNsPerSecond);
    local.tm_hour = clock / 3600;
    local.tm_min = clock / 60 % 60;
    local.tm_sec = clock % 60;
    local.tm_isdst = -1;
    const time_t then = mktime(&local);
    return then < 0 ? 0 : static_cast<uint64_t>(then) * kNsPerSecond + clock_ns % kNsPerSecond;
}

uint64_t resolve(const TimeBound& bound, uint64_t first_ns) {
    switch (bound.from) {
        case TimeBound::From::kMidnight:
            return on_day_of(first_ns, bound.ns);
        case TimeBound::From::kFirstPacket:
            return first_ns + bound.ns;
        case TimeBound::From::kEpoch:
            break;
    }
    return bound.ns;
}

}  // namespace

Result<TimeBound> parse_time(std::string_view option, std::string_view text) {
    std::optional<uint64_t> ns;
    if (text.starts_with('+')) {
        if (const auto distance = packet::parse_duration(text.substr(1))) {
            return TimeBound{TimeBound::From::kFirstPacket,
                             static_cast<uint64_t>(distance->count())};
        }
    } else if (text.starts_with('@')) {
        ns = scan_epoch(text.substr(1));
    } else if (text.size() > 2 && text[2] == ':') {
        if ((ns = scan_clock_only(text))) {
            return TimeBound{TimeBound::From::kMidnight, *ns};
        }
    } else {
        ns = scan_date(text);
    }
    if (!ns) {
        return Error{fmt::format(
            "{} {}: not a time; write 2026-11-22T02:00:00 (with Z or +02:00 where it isn't local "
            "time), 02:00:00 (on the day of the first packet), @1763650000.5 (seconds since 1970) "
            "or +5s (after the first packet)",
            option, packet::printable(text))};
    }
    return TimeBound{TimeBound::From::kEpoch, *ns};
}

bool TimeWindow::is_between(std::optional<uint64_t> time_ns) {
    if (!time_ns) {
        return false;
    }
    if (!resolved_) {
        from_ns_ = after_ ? resolve(*after_, *time_ns) : 0;
        until_ns_ = before_ ? resolve(*before_, *time_ns) : std::numeric_limits<uint64_t>::max();
        resolved_ = true;
    }
    return *time_ns >= from_ns_ && (*time_ns < until_ns_ || !before_);
}

}  // namespace forensics
