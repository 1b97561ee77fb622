// SPDX-License-Identifier: GPL-2.0-only
//
// Annotation: makes packet comments that name the processes of a table of conversations. The
// first packet of a process introduces it. Memory grows with the conversations. One thread.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "forensics/analysis/flow_owners.h"
#include "forensics/analysis/flow_table.h"
#include "forensics/packet_types.h"
#include "pcapng/read_blocks.h"

namespace forensics {

class Annotation {
  public:
    // `owners` outlives this.
    explicit Annotation(const FlowOwners& owners) : owners_(owners) {}

    // Returns the comment of a packet, or nothing if the table names no process for it or its file
    // says something itself. Ask about every packet in the file's order. `block`: the packet's;
    // null: a record of pcap. Valid until the next call.
    std::string_view comment(const Packet& packet, const pcapng::PacketRead* block);

  private:
    using Owner = FlowOwners::Owner;

    void write(const Owner& self, const Owner* peer, At at, Direction direction);
    void introduce(const Owner& owner, std::string_view prefix);

    const FlowOwners& owners_;
    FlowTable flows_;
    std::unordered_set<const Owner*> introduced_;
    std::string text_;
};

}  // namespace forensics
