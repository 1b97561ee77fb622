// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/boot_clock.h"

#include <catch2/catch.hpp>
#include <ctime>

using capture::BootClock;

TEST_CASE("a start time is cut to ticks after the time namespace's offset is added") {
    BootClock clock;
    CHECK(clock.ticks(19'999'999) == 1);
    clock.timens_ns = 1;
    CHECK(clock.ticks(19'999'999) == 2);
    clock.timens_ns = -10'000'001;
    CHECK(clock.ticks(30'000'000) == 1);
}

TEST_CASE("ticks survive the way to nanoseconds and back in any time namespace") {
    for (const int64_t offset : {int64_t{0}, int64_t{123'456'789'012}, int64_t{-3'333'333}}) {
        BootClock clock;
        clock.timens_ns = offset;
        for (const uint64_t ticks : {uint64_t{1}, uint64_t{146'611}, uint64_t{1} << 40}) {
            CHECK(clock.ticks(clock.start_boot(ticks)) == ticks);
        }
    }
}

TEST_CASE("the time since the epoch of now in ticks is now, to the tick") {
    const BootClock clock = BootClock::sample();
    timespec boot{};
    clock_gettime(CLOCK_BOOTTIME, &boot);
    const auto ticks =
        static_cast<uint64_t>(boot.tv_sec) * 100 + static_cast<uint64_t>(boot.tv_nsec) / 10'000'000;
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const double gap = static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9 -
                       static_cast<double>(clock.since_epoch(ticks)) * 1e-9;
    CHECK(gap >= -0.01);
    CHECK(gap < 1.0);
}

TEST_CASE("a clock's offset is read from timens_offsets") {
    const std::string text = "monotonic           0         0\nboottime        -12       500\n";
    CHECK(capture::parse_timens_offset(text, "boottime") == -11'999'999'500);
    CHECK(capture::parse_timens_offset("monotonic 5 5\n", "monotonic") == 5'000'000'005);
    CHECK(capture::parse_timens_offset("monotonic 5 5\n", "boottime") == 0);
    CHECK(capture::parse_timens_offset("", "boottime") == 0);
}
