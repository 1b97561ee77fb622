// SPDX-License-Identifier: GPL-2.0-only
//
// TableRows: turns packets into the rows of a table. Rows of packets and of events are returned at
// once; rows of flows and processes only after the last packet, so they need memory. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "forensics/analysis/analysis.h"
#include "forensics/analysis/flow_table.h"
#include "forensics/analysis/table.h"
#include "forensics/packet_types.h"
#include "pcapng/result.h"

namespace forensics {

enum class TableKind { kPackets, kFlows, kProcesses, kEvents };

class TableRows {
  public:
    // Returns the next packet; null at the end. An error ends the packets, too.
    using NextPacket = std::function<pcapng::Result<const Packet*>()>;

    // `names`: see Analysis::finish(). Looked at after the last packet; outlives this.
    TableRows(TableKind kind, NextPacket next_packet,
              const std::vector<packet::NamedAddress>& names)
        : kind_(kind),
          next_packet_(std::move(next_packet)),
          names_(names),
          analysis_({.names = kind == TableKind::kFlows}) {}

    std::span<const Column> columns() const;

    // Fills in the next row, or returns false if there is none. Its views are valid until the next
    // call.
    bool next(Row& row);

    // The error that ended the packets, if one did.
    const pcapng::Result<void>& read() const {
        return read_ && !analysis_.state() ? analysis_.state() : read_;
    }

  private:
    // Passes over what is no row, where packets or events themselves are the rows.
    const Packet* next_packet();
    bool counts(const Packet& packet) const;
    void analyze();

    TableKind kind_;
    NextPacket next_packet_;
    const std::vector<packet::NamedAddress>& names_;
    pcapng::Result<void> read_;
    FlowTable flows_{{.names = false}};
    Analysis analysis_;
    bool analyzed_ = false;
    size_t index_ = 0;
};

}  // namespace forensics
