// SPDX-License-Identifier: GPL-2.0-only
//
// Trigger: what made a recorder save the packets before and after a moment, the comment that a file
// gets of it, and the name of that file. Passive data and pure functions; the time zone is that of
// localtime(3).
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cmd {

struct Trigger {
    enum class Kind : uint8_t { kSignal, kCommand, kExpression };

    Kind kind = Kind::kSignal;
    uint64_t time_ns = 0;           // since the epoch
    std::string note = {};          // any bytes
    std::optional<uid_t> uid = {};  // who asked, if that is known
};

// What a trigger saves.
struct TriggerWindow {
    std::chrono::nanoseconds before = std::chrono::seconds(30);
    std::chrono::nanoseconds after = std::chrono::seconds(60);

    // When the window of a trigger at that time begins and ends.
    uint64_t from_ns(uint64_t time_ns) const {
        const auto ns = static_cast<uint64_t>(before.count());
        return time_ns > ns ? time_ns - ns : 0;
    }
    uint64_t until_ns(uint64_t time_ns) const {
        return time_ns + static_cast<uint64_t>(after.count());
    }
};

// "signal", "command", "expression".
std::string_view kind_name(Trigger::Kind kind);

// "trigger=command time=2026-11-29T12:44:55.123456789Z before=30s after=60s uid=0 note=TEXT". The
// note is the rest of the line.
std::string trigger_comment(const Trigger& trigger, const TriggerWindow& window);

// "2026-11-29T12:44:55.123456789Z".
std::string utc_text(uint64_t time_ns);

// Returns the name of a trigger's file. The time stands where the strftime(3) pattern has it, or
// else, as -YYYYmmdd-HHMMSS, before the extension; the kind follows it: "trace.pcapng" gives
// "trace-20261129-124455-signal.pcapng".
std::string trigger_file_name(const std::string& pattern, const Trigger& trigger);

// Returns the name with a number before its extension: "a-signal.pcapng", 2 gives
// "a-signal-2.pcapng". The first has none.
std::string numbered_name(const std::string& name, unsigned number);

// Recognises names that trigger_file_name() and numbered_name() make, at whatever time. Also with
// ".part" or the suffix of a compressor.
bool is_trigger_file_name(const std::string& pattern, std::string_view name);

}  // namespace cmd
