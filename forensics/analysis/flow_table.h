// SPDX-License-Identifier: GPL-2.0-only
//
// FlowTable: groups packets into conversations: TCP and UDP (UDP-Lite, SCTP, DCCP) by addresses and
// ports, ICMP echo by addresses and id, others by addresses and protocol. A SYN with another
// sequence number begins a new conversation of the same ends, as in tshark's tcp.stream. Tunnelled
// packets belong to the conversation of the outer packet. Later fragments belong to that of the
// first one, if it was seen at most 30 s before; tshark counts the bytes of the last fragment only.
//
// Memory grows with the conversations, about 500 bytes each. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>

#include "forensics/analysis/flow.h"
#include "forensics/packet_types.h"

namespace forensics {

class FlowTable {
  public:
    FlowTable();
    ~FlowTable();
    FlowTable(FlowTable&&) noexcept;
    FlowTable& operator=(FlowTable&&) noexcept;

    // The conversation of a packet, or null if the packet is not IP or too short. Valid as long as
    // the table. `side`: the sender, as an index of Flow::sides.
    struct Found {
        Flow* flow = nullptr;
        int side = 0;
    };
    Found add(const Packet& packet);

    // By number. finish() fills in what needs the whole file: names of addresses, from DNS answers,
    // else from `names`.
    const std::deque<Flow>& flows() const;
    void finish(std::span<const packet::NamedAddress> names = {});

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace forensics
