// SPDX-License-Identifier: GPL-2.0-only
//
// FlowTable: packets in, conversations out. Memory grows with the conversations. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "forensics/flow.h"
#include "forensics/packet.h"

namespace forensics {

class FlowTable {
  public:
    FlowTable();
    ~FlowTable();
    FlowTable(FlowTable&&) noexcept;
    FlowTable& operator=(FlowTable&&) noexcept;

    // The conversation that the packet belongs to, or null: not IP, or too short to tell. Valid as
    // long as the table. `side`: who sent it, the index of Flow::sides.
    struct Found {
        Flow* flow = nullptr;
        int side = 0;
    };
    Found add(const Packet& packet);

    // By number. What needs the whole file (names of addresses) is filled in by finish().
    const std::deque<Flow>& flows() const;
    void finish();

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace forensics
