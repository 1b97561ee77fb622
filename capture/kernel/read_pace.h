// SPDX-License-Identifier: GPL-2.0-only
//
// ReadPace: how long the reader pauses between two rounds over the rings. While packets come it
// pauses for a short time, shorter where a ring fills faster, so that small rings suffice. After
// some rounds without any packet it asks the kernel for a wake-up and sleeps. The sleep is limited,
// because a wake-up is missed if the packet's program checked for a request just before it was
// made.
//
// Holds state only: it reads no clock, and its caller does the waiting. One thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace capture {

class ReadPace {
  public:
    static constexpr std::chrono::microseconds kLongestPause{1'000};
    static constexpr std::chrono::microseconds kShortestPause{125};
    static constexpr std::chrono::microseconds kSleep{100'000};
    static constexpr int kIdleRounds = 20;

    struct Pause {
        std::chrono::microseconds time;
        bool sleeps;  // true: a wake-up ends the pause early; false: only the time does
    };

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

    std::chrono::microseconds busy_pause_ = kLongestPause;
    int idle_rounds_ = 0;
    bool wake_requested_ = false;
};

}  // namespace capture
