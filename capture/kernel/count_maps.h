// SPDX-License-Identifier: GPL-2.0-only
//
// Reads the counters of bpf/count.h. Of the two sets the programs use one; which, is in
// pidcap_shared. Stateless.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bpf/contract.h"
#include "pcapng/result.h"

namespace capture {

using pcapng::Result;

// How many ends of conversations can have counters at a time: 30 MiB of the kernel's memory.
constexpr uint32_t kCounters = 65536;

struct CountedEnd {
    pidcap_count_key key;
    pidcap_count count;
};

struct CountedSet {
    std::vector<CountedEnd> ends;
    std::array<pidcap_amount, PIDCAP_SEEN_KINDS> seen{};
};

// Returns what a set has counted, and empties it. No program may be using it. `odd`: which part of
// the map `seen` is the set's.
Result<CountedSet> take_counted(int counts_fd, int seen_fd, bool odd, size_t cpus);

}  // namespace capture
