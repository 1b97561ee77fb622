// SPDX-License-Identifier: GPL-2.0-only
//
// How far the clocks of two hosts are apart, by TCP handshakes that both have seen, as NTP does
// (RFC 5905, 8): a segment arrives after it was sent, so SYN and answer bound the offset from both
// sides, and the width between the bounds is the round trip. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace forensics {

// A handshake of which each segment was sent once. Times in nanoseconds since the epoch, by the
// clock of the host that saw the segment.
struct SeenHandshake {
    uint64_t syn_sent = 0;        // client
    uint64_t syn_arrived = 0;     // server
    uint64_t answer_sent = 0;     // server
    uint64_t answer_arrived = 0;  // client
};

// Nanoseconds that one host's clock is ahead of another's, at a moment of either clock.
struct OffsetBounds {
    uint64_t at_ns = 0;
    int64_t low = 0;
    int64_t high = 0;
};

// The clocks' resolutions in nanoseconds: a time may be too early by less than that.
struct Resolutions {
    uint64_t client = 1;
    uint64_t server = 1;
};

// Returns how far the server's clock is ahead of the client's, at `at_ns`; nothing if the times are
// no handshake's, or too far apart to count in 63 bits. If `low` is above `high`, one of the clocks
// was set in between.
std::optional<OffsetBounds> bounds_of(const SeenHandshake& handshake,
                                      const Resolutions& resolutions, uint64_t at_ns);

// Returns the same of the other host's clock.
OffsetBounds turned(const OffsetBounds& bounds);

// Returns whether no offset explains both, even if the clocks drift as they may in between.
bool contradict(const OffsetBounds& left, const OffsetBounds& right);

struct ClockOffset {
    // Clocks that nobody sets may drift apart by this: each is off by up to 500 ppm, the most that
    // Linux corrects a clock's rate by (adjtimex(2), ADJ_FREQUENCY).
    static constexpr uint64_t kDriftDivisor = 1000;

    uint64_t handshakes = 0;  // 0: nothing is known
    // Whether one offset, and no more drift than that, explains all handshakes. `bounds` then hold
    // at `at_ns`, the time of the handshake with the shortest round trip. Else one of the clocks
    // was set, or drifts more, and `bounds` are those of all handshakes together.
    bool agree = false;
    OffsetBounds bounds;
};

ClockOffset estimate(std::vector<OffsetBounds> all);

}  // namespace forensics
