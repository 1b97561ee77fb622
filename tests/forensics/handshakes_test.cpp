// SPDX-License-Identifier: GPL-2.0-only
//
// How far a TCP handshake came, of connections made up segment by segment.
#include <catch2/catch.hpp>
#include <initializer_list>

#include "tests/forensics/capture_file.h"

namespace {

using forensics::Flow;
using forensics::FlowState;
using forensics::Handshake;
using test::kAck;
using test::kFin;
using test::kRst;
using test::kSyn;
using test::Segment;

struct Sent {
    int side;  // 1: by the server
    uint8_t flags;
    size_t length = 0;
};

// Sequence numbers go on as the sides would have them.
Flow flow_of(std::initializer_list<Sent> segments) {
    test::CaptureFile file;
    uint64_t now = test::kStart;
    for (const Sent& sent : segments) {
        const bool syn = (sent.flags & kSyn) != 0;
        const bool server = sent.side == 1;
        file.add(make(Segment{.from = static_cast<uint8_t>(server ? 2 : 1),
                              .to = static_cast<uint8_t>(server ? 1 : 2),
                              .source_port = static_cast<uint16_t>(server ? 443 : 40000),
                              .target_port = static_cast<uint16_t>(server ? 40000 : 443),
                              .sequence = syn ? 1000U : 1001U,
                              .acknowledgment = (sent.flags & kAck) != 0 ? 1001U : 0U,
                              .flags = sent.flags,
                              .data = test::Frame(sent.length, 'x')}),
                 now += 1'000'000);
    }
    const forensics::FlowTable table = file.flows();
    REQUIRE(table.flows().size() == 1);
    Flow flow = table.flows()[0];
    flow.dns_name = flow.server_name = flow.http_host = flow.dns_question = flow.tunnel = {};
    return flow;
}

constexpr Sent kBegins{0, kSyn};
constexpr Sent kAccepts{1, kSyn | kAck};
constexpr Sent kConfirms{0, kAck};
constexpr Sent kRefuses{1, kRst | kAck};

}  // namespace

TEST_CASE("a handshake is complete once the side that began has acknowledged the other's SYN") {
    CHECK(flow_of({kBegins, kAccepts, kConfirms}).handshake == Handshake::kComplete);
    CHECK(flow_of({kBegins, kAccepts, {0, kAck, 9}}).handshake == Handshake::kComplete);
    CHECK(flow_of({kBegins, kAccepts, {0, kFin | kAck}}).handshake == Handshake::kComplete);
    CHECK_FALSE(failed(Handshake::kComplete));
}

TEST_CASE("packets of one side alone show that it is complete") {
    CHECK(flow_of({kBegins, kConfirms, {0, kAck, 9}}).handshake == Handshake::kComplete);
    CHECK(flow_of({kAccepts, {1, kAck, 9}}).handshake == Handshake::kComplete);
    CHECK(flow_of({kAccepts, {1, kFin | kAck}}).handshake == Handshake::kComplete);
}

TEST_CASE("packets of the two sides that were captured in another order show it, too") {
    CHECK(flow_of({kAccepts, kBegins, kConfirms}).handshake == Handshake::kComplete);
    CHECK(flow_of({kBegins, kConfirms, kAccepts}).handshake == Handshake::kComplete);
}

TEST_CASE("a reset of a connection that came about is no failed handshake") {
    const Sent by_server{1, kRst};
    const Sent by_client{0, kRst | kAck};
    for (const Sent& reset : {by_server, by_client}) {
        const Flow flow = flow_of({kBegins, kAccepts, kConfirms, {0, kAck, 9}, reset});
        CHECK(flow.state == FlowState::kReset);
        CHECK(flow.handshake == Handshake::kComplete);
    }
}

TEST_CASE("a SYN that is answered by a reset was refused") {
    const Flow flow = flow_of({kBegins, kRefuses});
    CHECK(flow.state == FlowState::kReset);
    CHECK(flow.handshake == Handshake::kRefused);
    CHECK(flow_of({kBegins, kRefuses, kBegins, kRefuses}).handshake == Handshake::kRefused);
    CHECK(failed(Handshake::kRefused));
}

TEST_CASE("a SYN that is accepted after a reset was no failure") {
    CHECK(flow_of({kBegins, kRefuses, kBegins, kAccepts, kConfirms}).handshake ==
          Handshake::kComplete);
}

TEST_CASE("a SYN that nobody answers, however often it is sent, is unanswered") {
    const Flow flow = flow_of({kBegins, kBegins, kBegins});
    CHECK(flow.state == FlowState::kOpening);
    CHECK(flow.handshake == Handshake::kUnanswered);
    CHECK(failed(Handshake::kUnanswered));
}

TEST_CASE("an ACK of an old connection's other end completes nothing") {
    CHECK(flow_of({kBegins, {1, kAck}}).handshake == Handshake::kUnanswered);
    CHECK(flow_of({kBegins, {1, kAck}, {0, kRst}}).handshake == Handshake::kAborted);
}

TEST_CASE("a SYN that is accepted and not acknowledged stays answered") {
    CHECK(flow_of({kBegins, kAccepts, kAccepts}).handshake == Handshake::kAnswered);
    CHECK(flow_of({kAccepts}).handshake == Handshake::kAnswered);
    CHECK(failed(Handshake::kAnswered));
}

TEST_CASE("a reset after the SYN was accepted, or of who sent it, aborts the handshake") {
    CHECK(flow_of({kBegins, kAccepts, {0, kRst}}).handshake == Handshake::kAborted);
    CHECK(flow_of({kBegins, kAccepts, {1, kRst}}).handshake == Handshake::kAborted);
    CHECK(flow_of({kBegins, {0, kRst}}).handshake == Handshake::kAborted);
    CHECK(failed(Handshake::kAborted));
}

TEST_CASE("what begins amid a connection has no handshake, nor has what isn't TCP") {
    CHECK(flow_of({{0, kAck, 9}, {1, kRst}}).handshake == Handshake::kNone);
    CHECK(flow_of({{1, kRst | kAck}}).handshake == Handshake::kNone);
    test::CaptureFile file;
    file.add(make(test::Datagram{}), test::kStart);
    CHECK(file.flows().flows()[0].handshake == Handshake::kNone);
    CHECK_FALSE(failed(Handshake::kNone));
}
