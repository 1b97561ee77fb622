// SPDX-License-Identifier: GPL-2.0-only
//
// When the reader pauses, and when it sleeps.
#include "capture/kernel/read_pace.h"

#include <catch2/catch.hpp>

using capture::ReadPace;
using std::chrono::microseconds;
using Wake = ReadPace::Wake;

namespace {

constexpr double kNeitherMuchNorLittle = 0.1;
constexpr bool kWoken = true;  // once a ring is half full
constexpr bool kUnwoken = false;

void idle(ReadPace& pace, int rounds) {
    for (int i = 0; i < rounds; i++) {
        pace.round_ended(0, 0);
    }
}

}  // namespace

TEST_CASE("a reader pauses for some milliseconds until 20 rounds had no packet") {
    ReadPace pace(kWoken);
    idle(pace, ReadPace::kIdleRounds - 1);
    CHECK_FALSE(pace.needs_wake_request());
    CHECK(pace.next_pause().time == microseconds(4000));
    CHECK(pace.next_pause().wake == Wake::kFilled);
    pace.round_ended(1, 0);
    idle(pace, ReadPace::kIdleRounds - 1);
    CHECK_FALSE(pace.needs_wake_request());
    idle(pace, 1);
    CHECK(pace.needs_wake_request());
}

TEST_CASE("where nothing wakes the reader of a ring that fills, no pause is long") {
    ReadPace pace(kUnwoken);
    idle(pace, 5);
    CHECK(pace.next_pause().time == microseconds(1000));
    CHECK(pace.next_pause().wake == Wake::kNever);
}

TEST_CASE("a reader looks once more after it asked for a wake-up, then sleeps") {
    ReadPace pace(kWoken);
    idle(pace, ReadPace::kIdleRounds);
    REQUIRE(pace.needs_wake_request());
    idle(pace, 1);
    CHECK_FALSE(pace.needs_wake_request());
    const ReadPace::Pause pause = pace.next_pause();
    CHECK(pause.wake == Wake::kNext);
    CHECK(pause.time == microseconds(100'000));
}

TEST_CASE("a reader asks for a wake-up before each sleep") {
    ReadPace pace(kWoken);
    idle(pace, ReadPace::kIdleRounds);
    REQUIRE(pace.needs_wake_request());
    (void)pace.next_pause();
    idle(pace, 1);
    CHECK(pace.needs_wake_request());
}

TEST_CASE("a packet that came before the sleep keeps the reader busy") {
    ReadPace pace(kWoken);
    idle(pace, ReadPace::kIdleRounds);
    REQUIRE(pace.needs_wake_request());
    pace.round_ended(3, 0);
    CHECK_FALSE(pace.needs_wake_request());
    CHECK(pace.next_pause().wake != Wake::kNext);
    idle(pace, ReadPace::kIdleRounds);
    CHECK(pace.needs_wake_request());
}

TEST_CASE("rings that fill fast halve the pause, rings that stay empty double it") {
    ReadPace pace(kWoken);
    pace.round_ended(1000, 0.3);
    CHECK(pace.next_pause().time == microseconds(2000));
    pace.round_ended(1000, kNeitherMuchNorLittle);
    CHECK(pace.next_pause().time == microseconds(2000));
    for (int i = 0; i < 7; i++) {
        pace.round_ended(1000, 0.9);
    }
    CHECK(pace.next_pause().time == microseconds(125));
    pace.round_ended(10, 0.01);
    CHECK(pace.next_pause().time == microseconds(250));
    for (int i = 0; i < 7; i++) {
        pace.round_ended(10, 0);
    }
    CHECK(pace.next_pause().time == microseconds(4000));
}

TEST_CASE("a pause that rings of full speed allow ends by its time alone") {
    ReadPace pace(kWoken);
    CHECK(pace.next_pause().wake == Wake::kFilled);
    pace.round_ended(1000, 0.3);
    CHECK(pace.next_pause().wake == Wake::kFilled);
    pace.round_ended(1000, 0.3);
    CHECK(pace.next_pause().time == microseconds(1000));
    CHECK(pace.next_pause().wake == Wake::kNever);
}
