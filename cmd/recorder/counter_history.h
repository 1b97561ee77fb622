// SPDX-License-Identifier: GPL-2.0-only
//
// CounterHistory: the counters of a capture as they were at earlier times, for files that begin
// with packets of the past. Keeps what changed, at most kMost times: the longer the history, the
// coarser. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "packet/sink.h"

namespace cmd {

class CounterHistory {
  public:
    using Counters = std::vector<packet::InterfaceCounters>;
    static constexpr size_t kMost = 256;

    // Whether it is time to add(); `time_ns` as below.
    bool due(uint64_t time_ns) const { return time_ns >= next_; }
    // Adds the counters as they are at this time, which doesn't run backwards.
    void add(uint64_t time_ns, const Counters& now);
    // Forgets what lies before the last entry of this time or earlier.
    void forget_before(uint64_t time_ns);

    struct Since {
        uint64_t time_ns = 0;  // at most the time asked for, unless nothing is known of that
        Counters counters;     // what came since: filtered and dropped; captured is 0
    };
    // Returns the difference from the last entry of that time or earlier to the counters `now`.
    Since since(uint64_t time_ns, const Counters& now) const;

  private:
    struct Change {
        size_t interface = 0;
        packet::InterfaceCounters by;
    };
    struct Entry {
        uint64_t time_ns = 0;
        std::vector<Change> changes;  // since the entry before, by interface
    };
    void thin_out();

    std::deque<Entry> entries_;
    Counters last_;  // as of the last entry
    uint64_t next_ = 0;
    uint64_t interval_ = 1'000'000'000;
};

}  // namespace cmd
