// SPDX-License-Identifier: GPL-2.0-only
//
// The round trip of TCP handshakes that don't go as they should.
#include <catch2/catch.hpp>

#include "tests/forensics/capture_file.h"

namespace {

using test::CaptureFile;
using test::kAck;
using test::kFin;
using test::kRst;
using test::kStart;
using test::kSyn;
using test::make;
using test::Segment;

struct Step {
    bool client;
    uint8_t flags;
    uint64_t time_ns;  // after the first one
};

std::optional<uint64_t> round_trip(const std::vector<Step>& steps) {
    CaptureFile file;
    for (const Step& step : steps) {
        const uint32_t sequence = (step.flags & kSyn) != 0 ? 4 : 5;
        const Segment segment = step.client ? Segment{.sequence = sequence, .flags = step.flags}
                                            : Segment{.from = 2,
                                                      .to = 1,
                                                      .source_port = 20000,
                                                      .target_port = 40000,
                                                      .sequence = sequence,
                                                      .flags = step.flags};
        file.add(make(segment), kStart + step.time_ns);
    }
    const forensics::FlowTable table = file.flows();
    REQUIRE(table.flows().size() == 1);
    return table.flows()[0].handshake_rtt_ns;
}

TEST_CASE("a reset or FIN gives no round trip, and no later ACK does") {
    // Nobody answered, and the client gave up.
    CHECK_FALSE(round_trip({{true, kSyn, 0}, {true, kSyn, 10}, {true, kRst | kAck, 30}}));
    CHECK_FALSE(round_trip({{true, kSyn, 0}, {false, kRst | kAck, 10}, {true, kAck, 20}}));
    CHECK_FALSE(round_trip({{true, kSyn, 0}, {false, kRst, 10}, {true, kAck, 20}}));
    CHECK_FALSE(round_trip({{true, kSyn, 0}, {true, kFin | kAck, 10}, {false, kAck, 20}}));
}

TEST_CASE("a SYN after a reset is measured anew") {
    CHECK(round_trip({{true, kSyn, 0},
                      {false, kRst | kAck, 10},
                      {true, kSyn, 500},
                      {false, kSyn | kAck, 507},
                      {true, kAck, 508}}) == 8U);
}

TEST_CASE("the first ACK gives the round trip, and no later one overwrites it") {
    CHECK(round_trip(
              {{true, kSyn, 0}, {false, kSyn | kAck, 0}, {true, kAck, 0}, {false, kAck, 9}}) == 0U);
    CHECK(round_trip(
              {{true, kSyn, 0}, {false, kSyn | kAck, 3}, {true, kAck, 4}, {false, kAck, 9}}) == 4U);
    CHECK(round_trip({{true, kSyn, 0},
                      {false, kSyn | kAck, 3},
                      {true, kAck, 4},
                      {true, kSyn, 20},
                      {false, kAck, 29}}) == 4U);
    // The clock was set back: the ACK seems to come before the SYN.
    CHECK_FALSE(round_trip({{true, kSyn, 5}, {true, kAck, 0}, {false, kAck, 9}}));
}

}  // namespace
