// SPDX-License-Identifier: GPL-2.0-only
//
// PacketRings: the ring buffers that the programs write packets into: for each CPU a large one and,
// where there is enough memory, a small one. Owns the maps, not their mappings (see Ring).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bpf/contract.h"
#include "capture/kernel/ring.h"
#include "pcapng/fd.h"

namespace capture {

// Memory of all CPUs' large rings together, and the least that one of them is given: a packet of
// 256 KiB must fit. The small ones come on top, where they are an eighth of the large ones.
constexpr uint64_t kDefaultBuffer = 32ULL << 20;
constexpr uint64_t kMinRing = 512ULL << 10;
constexpr uint64_t kMaxSmallRing = 2ULL << 20;

// Bytes of one ring of each kind; `small` 0: there is none.
struct RingSizes {
    uint32_t large = 0;
    uint32_t small = 0;
};

// What each of `cpus` gets of `budget` bytes for all large rings.
RingSizes ring_sizes(uint64_t budget, size_t cpus);

class PacketRings {
  public:
    // Creates the rings and puts them where the programs look: into the map of maps `rings_fd`,
    // PIDCAP_RINGS for each CPU.
    static Result<PacketRings> create(int rings_fd, size_t cpus, const RingSizes& sizes);

    // Maps each ring for reading. Call once: a ring has one reader.
    Result<std::vector<Ring>> map() const;

    // Descriptors that become readable when the kernel wakes the reader.
    std::vector<int> fds() const;

  private:
    struct RingMap {
        pcapng::Fd fd;
        size_t bytes;
    };

    Result<void> add(int rings_fd, uint32_t cpu, pidcap_ring which, uint32_t bytes);

    std::vector<RingMap> rings_;
};

}  // namespace capture
