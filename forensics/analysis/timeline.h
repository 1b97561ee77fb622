// SPDX-License-Identifier: GPL-2.0-only
//
// Timeline: the bytes that each process sent and received over time, in memory that doesn't grow
// with the file. Time is divided into at most kSpans equal spans, whose width doubles when they
// don't suffice. At most kApart processes are counted separately; the smallest are moved to
// "others". One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "forensics/analysis/counted.h"
#include "forensics/packet_types.h"

namespace forensics {

class Timeline {
  public:
    static constexpr size_t kSpans = 1024;
    static constexpr uint64_t kFirstWidthNs = 1'000'000;
    static constexpr size_t kApart = 512;  // 12 MiB with all spans in use

    enum class Lane : uint8_t { kSent, kReceived, kEither };  // either: the file doesn't say which
    static constexpr size_t kLanes = 3;

    // Bytes on the wire in each span; shorter than the timeline where nothing follows.
    struct Series {
        const Process* process = nullptr;  // null: others, or no process
        std::array<std::vector<uint64_t>, kLanes> bytes;

        uint64_t total() const;
    };
    struct Traffic {
        uint64_t start_ns = 0;  // since the epoch
        uint64_t width_ns = 0;  // of a span; 0: there was no packet with a time
        size_t spans = 0;
        std::vector<Series> processes;  // most bytes first
        Series others;
        Series unattributed;
    };

    // A packet with a process at both ends counts at both. Without a time it counts nowhere.
    void add(const Packet& packet) { add(packet, Counted::whole(packet)); }
    // The same of what counts of it.
    void add(const Packet& packet, const Counted& counted);

    // Returns the traffic, with the `top` processes with the most bytes counted separately.
    Traffic traffic(size_t top) const;

  private:
    size_t span_of(uint64_t time_ns);
    void widen();
    void shift(size_t spans);
    void add_end(const End* end, Lane lane, size_t span, uint32_t bytes);
    Series& series_of(const Process& process);
    void fold_smallest();

    uint64_t width_ns_ = kFirstWidthNs;
    uint64_t first_ = 0;  // the first span's start / width
    size_t spans_ = 0;
    std::vector<Series> apart_;
    std::vector<size_t> place_;  // in apart_, + 1; by the process's number
    Series others_;
    Series unattributed_;
};

}  // namespace forensics
