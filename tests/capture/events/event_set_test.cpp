// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/event_set.h"

#include <catch2/catch.hpp>

TEST_CASE("each lost event is reported once, whatever the order of a CPU's records") {
    capture::EventSet events;
    CHECK(events.newly_lost(1, 0, 0) == 0);
    CHECK(events.newly_lost(1, 0, 3) == 3);
    CHECK(events.newly_lost(1, 0, 3) == 0);
    // An interrupt's record, then that of the program which it interrupted.
    CHECK(events.newly_lost(1, 0, 10) == 7);
    CHECK(events.newly_lost(1, 0, 8) == 0);
    CHECK(events.newly_lost(1, 0, 11) == 1);
}

TEST_CASE("events are lost by event and by CPU, and their number may overflow") {
    capture::EventSet events;
    CHECK(events.newly_lost(1, 0, 5) == 5);
    CHECK(events.newly_lost(1, 1, 5) == 5);
    CHECK(events.newly_lost(2, 0, 5) == 5);
    CHECK(events.newly_lost(1, 2, 0x7fffffff) == 0x7fffffff);
    CHECK(events.newly_lost(1, 2, 0xfffffffe) == 0x7fffffff);
    CHECK(events.newly_lost(1, 2, 1) == 3);
}
