// SPDX-License-Identifier: GPL-2.0-only
//
// EventSums: the events of a file for the report: failed connections and dropped packets, alike
// ones as one row. Keeps a bounded number of rows, with texts that are cut; later events of further
// kinds are only counted. Points to processes of the Source. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "forensics/packet_types.h"
#include "packet/event/record.h"
#include "packet/keyed_hash.h"

namespace forensics {

struct ReportEvents {
    const Process* process = nullptr;
    // Of a failed connection: call, remote address, error. Of a drop: reason, function, device.
    std::array<std::string, 3> texts;
    uint64_t count = 0;
    std::optional<uint64_t> first_ns = {};
    std::optional<uint64_t> last_ns = {};
};

class EventSums {
  public:
    static constexpr size_t kMost = 10'000;  // rows of each table
    static constexpr size_t kMaxText = 128;

    class Table {
      public:
        void add(const Packet& event, std::array<std::string, 3> texts);

        // Most events first.
        std::vector<ReportEvents> largest(size_t most) const;
        size_t size() const { return rows_.size(); }
        // Events of which there is no row.
        uint64_t left_out() const { return left_out_; }

      private:
        std::vector<ReportEvents> rows_;
        std::unordered_map<std::string, size_t, packet::KeyedHash> places_;
        uint64_t left_out_ = 0;
    };

    // For an event: packet::is_event() holds.
    void add(const Packet& event);

    const Table& failures() const { return failures_; }
    const Table& drops() const { return drops_; }

  private:
    Table failures_;
    Table drops_;
};

}  // namespace forensics
