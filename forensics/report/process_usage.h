// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessUsage: CPU time and memory of processes over time, as samples have them, in memory that
// doesn't grow with the file. A process's time is divided into spans, whose width doubles when it
// would have more than kPoints; samples of a span become one point. Of more than kMost processes
// the half that used the least CPU time is left out. Points to processes of the Source. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "forensics/packet_types.h"
#include "packet/event/process_sample.h"

namespace forensics {

struct UsagePoint {
    uint64_t from_ns = 0;      // where what follows begins; the sample's time, if nothing does
    uint64_t to_ns = 0;        // the last sample's time
    uint64_t interval_ns = 0;  // of which the CPU time is known; 0: none
    uint64_t cpu_ns = 0;
    uint64_t rss_bytes = 0;  // the most
};

class ProcessUsage {
  public:
    static constexpr size_t kPoints = 512;
    static constexpr size_t kMost = 1024;

    struct Series {
        const Process* process = nullptr;
        std::vector<UsagePoint> points;  // in the order of the file
        uint64_t cpu_ns = 0;             // of all points
        unsigned width = 20;             // of a span, as a power of two: from 1 ms on
    };

    // `sample`: the packet's. Without a time or a process it counts nowhere.
    void add(const Packet& event, const packet::ProcessSample& sample);

    // Returns those that used the most CPU time, and of equal ones the most memory.
    std::vector<Series> largest(size_t most) const;
    // Returns how many processes were sampled; one that was left out may count again.
    uint64_t size() const { return series_.size() + left_out_; }

  private:
    void leave_out_half();

    std::unordered_map<const Process*, Series> series_;
    uint64_t left_out_ = 0;
};

}  // namespace forensics
