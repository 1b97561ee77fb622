// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/select/time_window.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/time_zone.h"

using forensics::parse_time;
using forensics::TimeBound;
using forensics::TimeWindow;

namespace {

constexpr uint64_t kSecond = 1'000'000'000;

uint64_t absolute(const std::string& text) {
    const auto bound = parse_time("--after", text);
    REQUIRE(bound);
    REQUIRE(bound->from == TimeBound::From::kEpoch);
    return bound->ns;
}

bool refused(const std::string& text) {
    const auto bound = parse_time("--after", text);
    return !bound && bound.error().message.find("--after " + text) == 0;
}

}  // namespace

TEST_CASE("a date is local time unless it says its zone") {
    const test::TimeZone zone("Europe/Berlin");
    // date -u -d 2026-11-22T01:00:00Z +%s
    CHECK(absolute("2026-11-22T01:00:00Z") == 1795309200 * kSecond);
    CHECK(absolute("2026-11-22T02:00:00") == 1795309200 * kSecond);
    CHECK(absolute("2026-11-22 02:00") == 1795309200 * kSecond);
    CHECK(absolute("2026-11-22T03:00:00+02:00") == 1795309200 * kSecond);
    CHECK(absolute("2026-11-21T19:30:00-0530") == 1795309200 * kSecond);
    CHECK(absolute("2026-07-22T02:00:00") == 1784678400 * kSecond);  // summer time
    CHECK(absolute("2026-11-22") == (1795309200 - 2 * 3600) * kSecond);
    CHECK(absolute("2026-11-22T01:00:00.000000001Z") == 1795309200 * kSecond + 1);
    CHECK(absolute("2026-11-22T01:00:00.5Z") == 1795309200 * kSecond + kSecond / 2);
}

TEST_CASE("seconds since the epoch keep their nanoseconds") {
    CHECK(absolute("@1763650000") == 1763650000 * kSecond);
    CHECK(absolute("@1763650000.5") == 1763650000 * kSecond + kSecond / 2);
    CHECK(absolute("@1763650000.123456789999") == 1763650000 * kSecond + 123456789);
}

TEST_CASE("what is no time is refused") {
    for (const char* text : {"",
                             "now",
                             "@",
                             "@-1",
                             "@1.",
                             "@1x",
                             "@99999999999999999999",
                             "+",
                             "+5x",
                             "+-5",
                             "25:00:00",
                             "12:60:00",
                             "12:",
                             "12:00:00Z",
                             "2026-13-01",
                             "2026-02-30",
                             "2026-11-22T",
                             "2026-11-22T02",
                             "2026-11-22T02:00:00+2",
                             "2026-11-22T02:00:00 ",
                             "1969-12-31T00:00:00Z",
                             "20261122"}) {
        CAPTURE(text);
        CHECK(refused(text));
    }
}

TEST_CASE("a time of day is of the day on which the file begins") {
    const test::TimeZone zone("Europe/Berlin");
    const auto after = parse_time("--after", "02:00:00.5");
    REQUIRE(after);
    TimeWindow window(*after, std::nullopt);
    const uint64_t at = 1795309200 * kSecond + kSecond / 2;
    CHECK_FALSE(window.contains(at - 3600 * kSecond));  // on the same local day
    CHECK_FALSE(window.contains(at - 1));
    CHECK(window.contains(at));
    CHECK(window.contains(at + 86400 * kSecond));
    window.begin();  // the next file is of the next day
    CHECK_FALSE(window.contains(at + 86399 * kSecond));
    CHECK(window.contains(at + 86400 * kSecond));
}

TEST_CASE("a window has its beginning and not its end, and times count from the first packet") {
    TimeWindow window(*parse_time("--after", "+5s"), *parse_time("--before", "+2m"));
    constexpr uint64_t kFirst = 1763650000 * kSecond;
    CHECK_FALSE(window.contains(kFirst));
    CHECK_FALSE(window.contains(kFirst + 5 * kSecond - 1));
    CHECK(window.contains(kFirst + 5 * kSecond));
    CHECK(window.contains(kFirst + 120 * kSecond - 1));
    CHECK_FALSE(window.contains(kFirst + 120 * kSecond));
}

TEST_CASE("a packet without a time is in no window, and is no first packet") {
    TimeWindow window(*parse_time("--after", "+1s"), std::nullopt);
    CHECK_FALSE(window.contains(std::nullopt));
    CHECK_FALSE(window.contains(100 * kSecond));
    CHECK(window.contains(101 * kSecond));
    CHECK(TimeWindow().contains(std::nullopt));
}
