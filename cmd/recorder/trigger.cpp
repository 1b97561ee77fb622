// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/trigger.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "cmd/rotation.h"

namespace cmd {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr std::array kKinds = {Trigger::Kind::kSignal, Trigger::Kind::kCommand,
                               Trigger::Kind::kExpression};
constexpr std::string_view kTime = "-%Y%m%d-%H%M%S";

// Where the extension of a name begins; its length, if it has none. What strftime(3) would fill in
// belongs to no extension.
size_t extension_at(std::string_view name) {
    size_t at = name.size();
    for (const bool of_compressor : {true, false}) {
        const size_t dot = name.substr(0, at).rfind('.');
        if (dot == std::string_view::npos || dot == 0 ||
            name.substr(dot).find('%') != std::string_view::npos) {
            break;
        }
        const std::string_view extension = name.substr(dot, at - dot);
        const bool packed = extension == ".zst" || extension == ".gz";
        if (of_compressor && !packed) {
            return dot;
        }
        at = dot;
    }
    return at;
}

// The pattern with a time in it, without its extension.
std::string timed_stem(const std::string& pattern) {
    constexpr uint64_t kDay = 86'400 * kSecond;
    const std::string stem = pattern.substr(0, extension_at(pattern));
    // Both dates differ in everything but the century.
    const bool has_time = name_at(stem, 0) != name_at(stem, 10'000 * kDay + 45'296 * kSecond);
    return has_time ? stem : stem + std::string(kTime);
}

std::string_view without_number(std::string_view name) {
    const size_t digits = name.find_last_not_of("0123456789");
    const bool numbered = digits != std::string_view::npos && digits + 1 < name.size() &&
                          digits > 0 && name[digits] == '-';
    return numbered ? name.substr(0, digits) : name;
}

std::string seconds_text(std::chrono::nanoseconds time) {
    return fmt::format("{}s", std::chrono::duration<double>(time).count());
}

}  // namespace

std::string_view kind_name(Trigger::Kind kind) {
    switch (kind) {
        case Trigger::Kind::kSignal:
            return "signal";
        case Trigger::Kind::kCommand:
            return "command";
        case Trigger::Kind::kExpression:
            break;
    }
    return "expression";
}

std::string utc_text(uint64_t time_ns) {
    const auto seconds = static_cast<time_t>(time_ns / kSecond);
    tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                       time_ns % kSecond);
}

std::string trigger_comment(const Trigger& trigger, const TriggerWindow& window) {
    std::string text = fmt::format("trigger={} time={} before={} after={}", kind_name(trigger.kind),
                                   utc_text(trigger.time_ns), seconds_text(window.before),
                                   seconds_text(window.after));
    if (trigger.uid) {
        text += fmt::format(" uid={}", *trigger.uid);
    }
    if (!trigger.note.empty()) {
        text += " note=" + trigger.note;
    }
    return text;
}

std::string trigger_file_name(const std::string& pattern, const Trigger& trigger) {
    const std::string name = name_at(timed_stem(pattern), trigger.time_ns);
    return fmt::format("{}-{}{}", name.empty() ? pattern : name, kind_name(trigger.kind),
                       pattern.substr(extension_at(pattern)));
}

std::string numbered_name(const std::string& name, unsigned number) {
    const size_t at = extension_at(name);
    return number <= 1 ? name : fmt::format("{}-{}{}", name.substr(0, at), number, name.substr(at));
}

bool is_trigger_file_name(const std::string& pattern, std::string_view name) {
    const std::string extension = pattern.substr(extension_at(pattern));
    name = without_suffix(extension, name);
    if (!name.ends_with(extension)) {
        return false;
    }
    name.remove_suffix(extension.size());
    const std::string stem = timed_stem(pattern);
    for (const std::string_view rest : {name, without_number(name)}) {
        for (const Trigger::Kind kind : kKinds) {
            const std::string end = fmt::format("-{}", kind_name(kind));
            if (rest.ends_with(end) &&
                is_time_name(stem, std::string(rest.substr(0, rest.size() - end.size())))) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace cmd
