// SPDX-License-Identifier: GPL-2.0-only
//
// FlowTable: packets in, conversations out: TCP and UDP (UDP-Lite, SCTP, DCCP) by addresses and
// ports, ICMP echo by addresses and id, all else by addresses and protocol. A SYN with another
// sequence number begins a new conversation of the same ends, as tshark's tcp.stream does. Of a
// tunnel it is the outer packet that counts. Later fragments count with their first one where it
// was seen up to 30 s before; tshark counts the bytes of the last one only.
//
// Memory grows with the conversations, about 500 bytes each. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "forensics/analysis/flow.h"
#include "forensics/packet_types.h"

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
