// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/join/clock_offset.h"

#include <catch2/catch.hpp>

namespace {

using forensics::bounds_of;
using forensics::ClockOffset;
using forensics::estimate;
using forensics::OffsetBounds;

constexpr uint64_t kNow = 1'700'000'000'000'000'000;
constexpr uint64_t kSecond = 1'000'000'000;

// Round trips take 2 ms; the way there takes `there` of it.
OffsetBounds seen(uint64_t at_ns, int64_t offset, uint64_t there = 1'000'000) {
    const auto by_server = [&](uint64_t time_ns) {
        return time_ns + static_cast<uint64_t>(offset);
    };
    const auto bounds = bounds_of({.syn_sent = at_ns,
                                   .syn_arrived = by_server(at_ns + there),
                                   .answer_sent = by_server(at_ns + there + 50'000),
                                   .answer_arrived = at_ns + 2'050'000},
                                  {}, at_ns);
    REQUIRE(bounds);
    return *bounds;
}

bool holds(const ClockOffset& offset, int64_t truth) {
    return offset.bounds.low <= truth && truth <= offset.bounds.high;
}

}  // namespace

TEST_CASE("a handshake's bounds are NTP's: the middle of both ways, and half the round trip") {
    const OffsetBounds bounds = seen(kNow, 5'000'000);
    CHECK(bounds.low == 4'000'000 - 1);  // a nanosecond is the clocks' resolution
    CHECK(bounds.high == 6'000'000 + 1);
    const OffsetBounds back = forensics::turned(bounds);
    CHECK(back.low == -bounds.high);
    CHECK(back.high == -bounds.low);
}

TEST_CASE("handshakes with uneven ways narrow the bounds, which hold the offset") {
    const ClockOffset offset =
        estimate({seen(kNow, -7'000'000, 100'000), seen(kNow + 1000, -7'000'000, 1'900'000),
                  seen(kNow + 2000, -7'000'000, 1'000'000)});
    CHECK(offset.handshakes == 3);
    CHECK(offset.agree);
    CHECK(holds(offset, -7'000'000));
    CHECK(offset.bounds.high - offset.bounds.low < 250'000);
}

TEST_CASE("a clock that drifts has no offset that is more exact than at one moment") {
    // By 0.5 ms a second: plain intersection of all would leave a width that is wrong everywhere.
    std::vector<OffsetBounds> all;
    for (uint64_t second = 0; second < 4; ++second) {
        all.push_back(seen(kNow + second * kSecond, static_cast<int64_t>(second) * 500'000));
    }
    const ClockOffset offset = estimate(all);
    CHECK(offset.agree);
    const auto truth = static_cast<int64_t>((offset.bounds.at_ns - kNow) / 2000);
    CHECK(holds(offset, truth));
}

TEST_CASE("no offset is claimed of a clock that was set, or drifts more than clocks do") {
    const ClockOffset set = estimate({seen(kNow, 0), seen(kNow + kSecond, 3'600'000'000'000)});
    CHECK_FALSE(set.agree);
    CHECK(set.bounds.low <= 0);
    CHECK(set.bounds.high >= 3'600'000'000'000);
    const ClockOffset drifts = estimate({seen(kNow, 0), seen(kNow + kSecond, 20'000'000)});
    CHECK_FALSE(drifts.agree);
    // Set and set back, an hour after the narrowest.
    const ClockOffset back = estimate({seen(kNow, 0), seen(kNow + 3600 * kSecond, 1'000'000'000),
                                       seen(kNow + 3601 * kSecond, 0)});
    CHECK_FALSE(back.agree);
}

TEST_CASE("times that are no handshake's have no bounds") {
    const auto none = [](uint64_t sent, uint64_t arrived, uint64_t answered, uint64_t back) {
        return !bounds_of({sent, arrived, answered, back}, {}, sent);
    };
    CHECK(none(kNow, kNow, kNow, kNow - 1));
    CHECK(none(kNow, kNow, kNow - 1, kNow));
    CHECK(none(kNow, UINT64_MAX, UINT64_MAX, kNow));
    CHECK(estimate({}).handshakes == 0);
}
