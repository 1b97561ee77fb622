// SPDX-License-Identifier: GPL-2.0-only
//
// Selects a part of a file by time. A bound is an absolute time, a time of the day on which the
// file begins, or a distance from its first packet. A packet without a time is in no window. One
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pcapng/result.h"

namespace forensics {

// 2026-11-22T02:00:00.5 (local time, or with Z or +02:00), 02:00:00 (local, of the day of the first
// packet), @1763650000.5 (seconds since the epoch), +5s (after the first packet).
struct TimeBound {
    enum class From : uint8_t { kEpoch, kMidnight, kFirstPacket };
    From from = From::kEpoch;
    uint64_t ns = 0;
};
// The error names `option` and says which forms are valid.
pcapng::Result<TimeBound> parse_time(std::string_view option, std::string_view text);

class TimeWindow {
  public:
    TimeWindow() = default;
    // Contains times t with `after` <= t < `before`; nullopt: no limit.
    TimeWindow(std::optional<TimeBound> after, std::optional<TimeBound> before)
        : after_(after), before_(before) {}

    // Forgets the first packet: another file begins.
    void begin() { resolved_ = false; }

    // Returns whether the time is in the window. Call for every packet of a file, in order.
    bool contains(std::optional<uint64_t> time_ns) {
        return (!after_ && !before_) || is_between(time_ns);
    }

  private:
    bool is_between(std::optional<uint64_t> time_ns);

    std::optional<TimeBound> after_;
    std::optional<TimeBound> before_;
    bool resolved_ = false;
    uint64_t from_ns_ = 0;
    uint64_t until_ns_ = 0;
};

}  // namespace forensics
