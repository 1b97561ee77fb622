// SPDX-License-Identifier: GPL-2.0-only
//
// RingHeads: reads the packet rings of all CPUs as one, in the order of time. It keeps the next
// record of each ring, its head, and finds the earliest.
//
// Owns the rings' mappings. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "bpf/contract.h"
#include "capture/kernel/ring.h"

namespace capture {

class RingHeads {
  public:
    struct Head {
        Ring* ring = nullptr;
        uint64_t limit = 0;                 // the write position that was sampled
        std::span<const std::byte> record;  // at least a whole header, aligned by the kernel

        const pidcap_packet& packet() const {
            return *reinterpret_cast<const pidcap_packet*>(record.data());
        }
        uint64_t time() const { return packet().time_mono; }
        bool operator>(const Head& other) const { return time() > other.time(); }
    };

    explicit RingHeads(std::vector<Ring> rings) : rings_(std::move(rings)) {}

    // Samples the write position of each ring; records behind it are not read. Returns how full the
    // fullest ring was, 0 to 1, or an error if a ring's records can't be mapped.
    Result<double> sample();

    // Finds the heads with a time up to `until`. Returns an error, as advance() does, if a record
    // is no packet: none of our programs wrote it, and skipping it would hide the fault.
    Result<void> find(uint64_t until);

    // Returns the earliest head, or null if no ring has one. Valid until advance().
    const Head* earliest() const { return heads_.empty() ? nullptr : &heads_.front(); }

    // Steps over the earliest head's record to the next one of its ring.
    Result<void> advance();

    // Gives the space of all records stepped over back to the kernel.
    void release();

    // See Ring::trim(). Call it when no head is needed any more.
    void trim();

  private:
    enum class Next { kRecord, kNone, kFault };

    // Sets head.record to the ring's next record. Returns kNone if there is none up to until_, and
    // kFault if it is no packet.
    Next read(Head& head) const;
    Error fault(const Head& head) const;
    // Returns true if `head`, which replaces the earliest head, is the earliest again.
    bool is_earliest(const Head& head) const;

    std::vector<Ring> rings_;
    std::vector<uint64_t> limits_;  // by ring: the write position that was sampled
    uint64_t until_ = 0;
    std::vector<Head> heads_;  // a heap with the earliest first; at most one for each ring
};

}  // namespace capture
