// SPDX-License-Identifier: GPL-2.0-only
//
// EventLane: the events of a file over time, for the report's plot, in memory that doesn't grow
// with the file. Time is divided into at most kSpans equal spans, whose width doubles when they
// don't suffice. Of the events of a kind in a span all are counted, and the first few are kept with
// their exact times. Points to processes of the Source. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "forensics/packet_types.h"
#include "forensics/report/event_kind.h"

namespace forensics {

struct LaneEvent {
    uint64_t time_ns = 0;
    const Process* process = nullptr;  // null: none
    std::string name;
    std::string fields;  // as text for a terminal, cut to kMaxText bytes
};

// Events of a kind, close together.
struct LaneBin {
    EventKind kind = EventKind::kOther;
    uint64_t count = 0;
    uint64_t first_ns = 0;
    uint64_t last_ns = 0;
    std::vector<LaneEvent> events = {};  // at most kKept of them
};

class EventLane {
  public:
    static constexpr size_t kSpans = 1024;
    static constexpr uint64_t kFirstWidthNs = 1'000'000;
    static constexpr size_t kKept = 4;
    static constexpr size_t kMaxText = 240;

    // For an event: packet::is_event() holds. Without a time it counts nowhere.
    void add(const Packet& event);

    // In the order of time.
    std::vector<LaneBin> bins() const;

  private:
    using Key = std::pair<uint64_t, EventKind>;  // the span's start / width

    void widen();

    uint64_t width_ns_ = kFirstWidthNs;
    std::map<Key, LaneBin> bins_;
};

}  // namespace forensics
