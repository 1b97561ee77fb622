// SPDX-License-Identifier: GPL-2.0-only
//
// Merge: the packets of all CPUs' rings and the events of processes, in the order of their time.
//
// Why the order is exact: a program takes the time of its record after it has reserved the space.
// So of whatever is reserved after a moment T the time is later than T. One round samples T, then
// each ring's write position: every record with a time up to T stands before that position, and
// nothing that comes later can belong between them. Records with a later time wait for the next
// round. T lies a little in the past, because another CPU's write position may reach us later than
// its clock gave a time to what stands there.
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

// Who takes the records. Their bytes are valid until the call returns. An error ends the round.
class RecordHandler {
  public:
    virtual ~RecordHandler() = default;
    // A round begins: everything up to a time that has just passed is about to come.
    virtual void begin() = 0;
    virtual void event(const pidcap_event& event, std::span<const std::byte> payload) = 0;
    virtual Result<void> packet(const pidcap_packet& packet, std::span<const std::byte> data) = 0;
};

class Merge {
  public:
    // A round leaves what is younger. Far more than a store takes to reach another CPU, and than
    // their clocks differ.
    static constexpr uint64_t kSlackNs = 100'000;

    Merge(std::vector<Ring> packets, Ring events)
        : packets_(std::move(packets)), events_(std::move(events)) {}

    // One round: hands over everything up to now, or to the very last where nothing more is
    // written. Returns how many packets that were.
    Result<uint64_t> round(RecordHandler& handler, bool last = false);

    // How full the fullest ring was when the last round began: 0 to 1.
    double filled() const { return filled_; }

  private:
    // Copies of events: within their one ring, shared by all CPUs, they aren't quite in order.
    struct Event {
        pidcap_event header;
        std::vector<std::byte> payload;
    };

    void collect_events();
    void hand_over_events(uint64_t until, RecordHandler& handler);
    Result<void> hand_over(const RingHeads::Head& head, RecordHandler& handler);

    RingHeads packets_;
    Ring events_;
    double filled_ = 0;
    std::vector<Event> pending_;  // sorted by time; those before next_event_ are handed over
    size_t next_event_ = 0;
};

}  // namespace capture
