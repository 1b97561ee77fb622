// SPDX-License-Identifier: GPL-2.0-only
//
// Evidence: what tells whether a conversation of one file is the same as one of another: TCP's
// initial sequence numbers, and some of its packets, each known by its headers and first 64 bytes
// (Crossings::identify). EvidenceTable collects it beside a FlowTable, some 300 bytes for each
// conversation. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "forensics/analysis/crossings.h"
#include "forensics/analysis/flow_table.h"
#include "forensics/packet_types.h"

namespace forensics {

struct Evidence {
    static constexpr size_t kMostPackets = 16;

    // A SYN, with or without ACK.
    struct Opening {
        uint32_t sequence = 0;  // the initial sequence number
        uint32_t times = 0;     // that it was sent, other sequence numbers included; 0: none was
        uint64_t time_ns = 0;   // of the first one
        uint64_t identity = 0;  // of the first one; 0: not known
    };
    struct Known {
        uint64_t identity = 0;
        uint64_t time_ns = 0;  // of the first one that is equal
    };

    Opening syn;     // of side 0, without ACK
    Opening answer;  // of side 1, with ACK
    // The packets with the lowest identities, in their order: of two samples of one conversation,
    // also of different parts of it, many are the same.
    std::array<Known, kMostPackets> packets{};
    size_t packet_count = 0;

    bool has_handshake() const { return syn.times > 0 && answer.times > 0; }
};

class EvidenceTable {
  public:
    // `names_packets`: the same for all files that are compared; outlives this.
    explicit EvidenceTable(const Crossings& names_packets) : names_packets_(names_packets) {}

    // A packet and its conversation.
    void add(const Packet& packet, const FlowTable::Found& found);

    // Of the conversation with this number.
    const Evidence& operator[](size_t number) const;
    // The greatest power of ten, up to a second, that all times of handshakes are multiples of, in
    // nanoseconds: their clock's resolution is no coarser.
    uint64_t resolution() const { return resolution_; }

  private:
    void open(Evidence::Opening& opening, uint32_t sequence, uint64_t time_ns, uint64_t identity);

    const Crossings& names_packets_;
    std::vector<Evidence> all_;  // by number
    uint64_t resolution_ = 1'000'000'000;
};

}  // namespace forensics
