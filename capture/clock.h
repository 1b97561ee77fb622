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
    WallClock() : offset_(measure_well()) {}

    // Nanoseconds since the epoch.
    uint64_t from_mono(uint64_t mono_ns) const { return mono_ns + offset_; }

    // Follows a wall clock that was set forward; call now and then.
    void update() {
        const Measurement now = measure();
        if (now.error < kStep && now.offset > offset_ + kStep) {
            offset_ = now.offset;
        }
    }

  private:
    static constexpr uint64_t kStep = 1'000'000;  // below this it is measuring noise
    static constexpr int kTries = 10;

    struct Measurement {
        uint64_t offset;
        uint64_t error;  // at most this far off
    };

    static Measurement measure() {
        // The wall clock is read between two looks at the other: their middle is its moment, unless
        // we were interrupted in between, which the distance of the two shows.
        uint64_t before = clock_ns(CLOCK_MONOTONIC);
        uint64_t wall = clock_ns(CLOCK_REALTIME);
        uint64_t distance = clock_ns(CLOCK_MONOTONIC) - before;
        return {wall - (before + distance / 2), distance / 2 + 1};
    }

    static uint64_t measure_well() {
        Measurement best = measure();
        for (int tries = 1; tries < kTries; tries++) {
            if (Measurement next = measure(); next.error < best.error) {
                best = next;
            }
        }
        return best.offset;
    }

    uint64_t offset_;
};

}  // namespace capture
