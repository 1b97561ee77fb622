// SPDX-License-Identifier: GPL-2.0-only
//
// ReadPace: how long the reader pauses between two rounds over the rings. While packets come it
// pauses for a short time, shorter where a ring fills faster, so that small rings suffice. A pause
// is long only if the kernel ends it once a ring fills, because packets may come far faster from
// one moment to the next. After some rounds without any packet it asks the kernel for a wake-up and
// sleeps. The sleep is limited, because a wake-up is missed if the packet's program checked for a
// request just before it was made.
//
// Holds state only: it reads no clock, and its caller does the waiting. One thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace capture {

class ReadPace {
  public:
    static constexpr std::chrono::microseconds kLongestPause{4'000};
    static constexpr std::chrono::microseconds kLongestUnwoken{1'000};
    static constexpr std::chrono::microseconds kShortestPause{125};
    static constexpr std::chrono::microseconds kSleep{100'000};
    static constexpr int kIdleRounds = 20;

    enum class Wake {
        kNever,   // only the time ends the pause
        kFilled,  // a record that finds a ring half full does, too
        kNext,    // any record does
    };
    struct Pause {
        std::chrono::microseconds time;
        Wake wake;
    };

    // `can_wake_filled`: whether the kernel can end a pause when a ring is half full.
    explicit ReadPace(bool can_wake_filled)
        : longest_(can_wake_filled ? kLongestPause : kLongestUnwoken) {}

    // Call this after each round. `packets` is the number handed over, `filled` how full the
    // fullest ring was before, 0 to 1.
    void round_ended(uint64_t packets, double filled);

    // Returns true if the reader is about to sleep and has not asked for a wake-up since the last
    // pause: it has to ask now, and to read the rings once more.
    bool needs_wake_request();

    // Returns the pause before the next round.
    Pause next_pause();

  private:
    bool is_idle() const { return idle_rounds_ >= kIdleRounds; }

    std::chrono::microseconds longest_;
    std::chrono::microseconds busy_pause_ = longest_;
    int idle_rounds_ = 0;
    bool wake_requested_ = false;
};

}  // namespace capture
