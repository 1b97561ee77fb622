// SPDX-License-Identifier: GPL-2.0-only
//
// Time of the kernel's programs (CLOCK_MONOTONIC) as wall-clock time.
//
// Both clocks are slewed alike, so their difference changes only when the wall clock is set or the
// machine sleeps. A file's times must not run backwards: a step forward is followed, a step back
// isn't.
#pragma once

#include <cstdint>
#include <ctime>

namespace capture {

// Nanoseconds of a clock_gettime(2) clock.
inline uint64_t clock_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

class WallClock {
  public:
    WallClock() {
        Sample best = sample();
        for (int tries = 0; tries < 10 && best.error > kGoodEnough; tries++) {
            Sample next = sample();
            best = next.error < best.error ? next : best;
        }
        offset_ = best.offset;
    }

    // Nanoseconds since the epoch.
    uint64_t from_mono(uint64_t mono_ns) const { return mono_ns + offset_; }

    // Follows a wall clock that was set forward; call now and then.
    void update() {
        Sample now = sample();
        if (now.offset > offset_ + kStep && now.error < kStep / 2) {
            offset_ = now.offset;
        }
    }

  private:
    static constexpr uint64_t kGoodEnough = 1'000;
    static constexpr uint64_t kStep = 1'000'000;  // less is not a step but a measuring error

    struct Sample {
        uint64_t offset;
        uint64_t error;  // at most; large when we were interrupted between the looks
    };

    // The wall clock is read between two looks at the other: their middle is its moment.
    static Sample sample() {
        uint64_t before = clock_ns(CLOCK_MONOTONIC);
        uint64_t wall = clock_ns(CLOCK_REALTIME);
        uint64_t after = clock_ns(CLOCK_MONOTONIC);
        uint64_t half = (after - before) / 2;
        return {wall - (before + half), half};
    }

    uint64_t offset_ = 0;
};

}  // namespace capture
