// SPDX-License-Identifier: GPL-2.0-only
//
// Selection: decides which packets of files are wanted. A packet has to meet every condition. Owns
// its conditions. Movable. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "forensics/analysis/recorded_ancestry.h"
#include "forensics/packet_types.h"
#include "forensics/select/interface_choice.h"
#include "forensics/select/link_filter.h"
#include "forensics/select/time_window.h"
#include "forensics/source/source.h"
#include "packet/filter/process_filter.h"
#include "pcapng/result.h"

namespace forensics {

struct SelectionConditions {
    packet::ProcessConditions processes = {};
    std::vector<uint32_t> trees = {};  // the pids of --tree, for unknown_trees()
    InterfaceChoice interfaces = {};
    TimeWindow window = {};
    std::optional<LinkFilter> filter = {};
    std::optional<uint64_t> count = {};  // the most packets, in all files together
};

class Selection {
  public:
    Selection() = default;  // everything
    explicit Selection(SelectionConditions conditions) : conditions_(std::move(conditions)) {}

    // Call for each file before its first packet. The source must live until the next begin().
    // Times and pids are resolved for each file; packets are counted across all files.
    void begin(const Source& source);

    // Ask about every packet in the file's order. The error says which packets the filter can't be
    // used on.
    pcapng::Result<bool> wants(const Packet& packet);

    // Returns the pids of trees that no process or parent has in the packets read so far.
    std::vector<uint32_t> unknown_trees(const Source& source) const;

    // Whether the count is reached: no further packet is wanted.
    bool done() const { return conditions_.count && wanted_ >= *conditions_.count; }

  private:
    SelectionConditions conditions_;
    std::unique_ptr<RecordedAncestry> ancestry_;  // of the file
    packet::ProcessFilter processes_;
    uint64_t wanted_ = 0;
};

}  // namespace forensics
