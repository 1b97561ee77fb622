// SPDX-License-Identifier: GPL-2.0-only
//
// PacketRings: the ring buffers that the programs write packets into. Each CPU has a large one and,
// if there is enough memory, a small one. Owns the maps, not their mappings (see Ring).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bpf/contract.h"
#include "capture/kernel/ring.h"
#include "pcapng/fd.h"

namespace capture {

// Bytes of all CPUs' large rings together, and the smallest size of one: a packet of 256 KiB must
// fit. The small rings come on top, and are an eighth of the large ones.
constexpr uint64_t kDefaultBuffer = 32ULL << 20;
constexpr uint64_t kMinRing = 512ULL << 10;
constexpr uint64_t kMaxSmallRing = 2ULL << 20;

// Bytes of one ring of each kind; `small` is 0 if there is none.
struct RingSizes {
    uint32_t large = 0;
    uint32_t small = 0;
};

// Returns the size of each CPU's rings, if all large rings together get `budget` bytes.
RingSizes ring_sizes(uint64_t budget, size_t cpus);

class PacketRings {
  public:
    // Creates the rings and puts them into `rings_fd`, the map of maps in which the programs look
    // them up, PIDCAP_RINGS for each CPU.
    static Result<PacketRings> create(int rings_fd, size_t cpus, const RingSizes& sizes);

    // Opens each ring for reading, as long as this object lives. Call once: a ring has one reader.
    Result<std::vector<Ring>> open() const;

    // Whether each CPU has a small ring.
    bool has_small() const { return has_small_; }

    // Returns file descriptors of the rings, which are readable as long as they hold records.
    std::vector<int> fds() const;
    // Returns a descriptor that becomes readable when a program wakes the reader, until
    // take_wake().
    int woken_fd() const { return woken_.get(); }
    void take_wake() const;

    // Waits until every program that runs now has ended.
    Result<void> wait_for_programs(int rings_fd) const;

  private:
    struct RingMap {
        pcapng::Fd fd;
        size_t bytes;
    };

    Result<void> add(int rings_fd, uint32_t cpu, pidcap_ring which, uint32_t bytes);

    Result<void> watch_wakes();

    std::vector<RingMap> rings_;
    pcapng::Fd woken_;
    bool has_small_ = false;
};

}  // namespace capture
