// SPDX-License-Identifier: GPL-2.0-only
//
// Merge: hands over the packets of all CPUs' rings and the process events in the order of their
// time.
//
// Why the order is exact: a program takes the time of its record after it has reserved the space.
// So a record that is reserved after a moment T has a time later than T. One round samples T, then
// each ring's write position: every record with a time up to T stands before that position, and no
// record that comes later can belong between them. Records with a later time wait for the next
// round. T lies kSlackNs in the past, because we may see another CPU's write position some time
// after that CPU took the time of the record there.
//
// Owns the rings' mappings. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "bpf/contract.h"
#include "capture/kernel/ring.h"
#include "capture/kernel/ring_heads.h"

namespace capture {

// Receives the records. Their bytes are valid until the call returns. An error ends the round.
class RecordHandler {
  public:
    virtual ~RecordHandler() = default;
    // Called when a round begins: all records up to a time that has just passed follow.
    virtual void begin() = 0;
    virtual void event(const pidcap_event& event, std::span<const std::byte> payload) = 0;
    virtual Result<void> packet(const pidcap_packet& packet, std::span<const std::byte> data) = 0;
};

class Merge {
  public:
    // A round leaves records that are younger than this, in nanoseconds. It is far more than a
    // store takes to reach another CPU, and than the CPUs' clocks differ.
    static constexpr uint64_t kSlackNs = 100'000;

    Merge(std::vector<Ring> packets, Ring events)
        : packets_(std::move(packets)), events_(std::move(events)) {}

    // Runs one round: hands over everything up to now, or, with `last`, every record, if no program
    // writes any more. Returns the number of packets handed over, or the handler's error.
    Result<uint64_t> round(RecordHandler& handler, bool last = false);

    // Returns how full the fullest ring was when the last round began, 0 to 1.
    double filled() const { return filled_; }
    // Returns the time, on the clock of records, up to which the last round handed over everything.
    uint64_t until() const { return until_; }

  private:
    // A copy of an event. Events are sorted here, because they aren't quite in order in their ring,
    // which all CPUs share.
    struct Event {
        pidcap_event header;
        std::vector<std::byte> payload;
    };

    Result<void> collect_events();
    void trim();
    void hand_over_events(uint64_t until, RecordHandler& handler);
    Result<void> hand_over(const RingHeads::Head& head, RecordHandler& handler);

    RingHeads packets_;
    Ring events_;
    double filled_ = 0;
    uint64_t until_ = 0;
    uint64_t trimmed_ = 0;        // `until_` of the round that trimmed the rings last
    std::vector<Event> pending_;  // sorted by time; those before next_event_ were handed over
    size_t next_event_ = 0;
};

}  // namespace capture
