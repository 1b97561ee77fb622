// SPDX-License-Identifier: GPL-2.0-only
//
// WallClock: converts the time of the kernel's programs (CLOCK_MONOTONIC) to wall-clock time.
//
// Both clocks are slewed alike, so their difference changes only when the wall clock is set or the
// machine sleeps. The times in a file must not run backwards, so WallClock follows a step forward
// and ignores a step back.
#pragma once

#include <cstdint>
#include <ctime>

namespace capture {

// Returns the time of a clock_gettime(2) clock in nanoseconds.
inline uint64_t clock_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// Returns the time of the kernel's programs now: CLOCK_MONOTONIC of the initial time namespace.
uint64_t kernel_mono_ns();

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

    // Returns the nanoseconds since the epoch for a time of the kernel's programs.
    uint64_t from_mono(uint64_t mono_ns) const { return mono_ns + offset_; }

    // Follows a wall clock that was set forward. Call it regularly.
    void update() {
        Sample now = sample();
        if (now.offset > offset_ + kStep && now.error < kStep / 2) {
            offset_ = now.offset;
        }
    }

    // Returns the time now, after an update().
    uint64_t now() {
        update();
        return from_mono(kernel_mono_ns());
    }

  private:
    static constexpr uint64_t kGoodEnough = 1'000;
    static constexpr uint64_t kStep = 1'000'000;  // a smaller difference is a measuring error

    struct Sample {
        uint64_t offset;
        uint64_t error;  // upper bound; large if we were interrupted between the readings
    };

    // Reads the wall clock between two readings of the monotonic clock, and takes their middle as
    // the time of the wall clock's reading.
    static Sample sample() {
        uint64_t before = kernel_mono_ns();
        uint64_t wall = clock_ns(CLOCK_REALTIME);
        uint64_t after = kernel_mono_ns();
        uint64_t half = (after - before) / 2;
        return {wall - (before + half), half};
    }

    uint64_t offset_ = 0;
};

}  // namespace capture
