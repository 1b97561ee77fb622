// SPDX-License-Identifier: GPL-2.0-only
//
// Selection: decides which packets of files are wanted. A packet has to meet every condition. Owns
// its conditions. Movable. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "forensics/analysis/recorded_ancestry.h"
#include "forensics/packet_types.h"
#include "forensics/select/interface_choice.h"
#include "forensics/select/link_filter.h"
#include "forensics/select/time_window.h"
#include "forensics/source/source.h"
#include "packet/filter/process_filter.h"
#include "packet/filter/process_selections.h"

namespace forensics {

struct SelectionConditions {
    packet::ProcessConditions processes = {};
    // For unmatched(): the pids of --pid and --tree, and the values of other options.
    std::vector<uint32_t> pids = {};
    std::vector<uint32_t> trees = {};
    packet::ProcessSelections selections = {};
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

    // Ask about every packet in the file's order.
    bool wants(const Packet& packet);

    // Says which packets the filter has no meaning for, in all files so far; they aren't wanted.
    std::vector<std::string> problems() const;

    // Returns what was asked for and no process had in what was read of the file so far: "process
    // 7" (which is no parent, either, for --tree), "process that matches --user alice".
    std::vector<std::string> unmatched(const Source& source) const;

    // Whether the count is reached: no further packet is wanted.
    bool done() const { return conditions_.count && wanted_ >= *conditions_.count; }

  private:
    void see(const Process* process);

    SelectionConditions conditions_;
    packet::ProcessSelections selections_;        // that nothing in the file has matched
    std::vector<uint32_t> seen_;                  // the version of each process, by number
    std::unique_ptr<RecordedAncestry> ancestry_;  // of the file
    packet::ProcessFilter processes_;
    uint64_t wanted_ = 0;
};

}  // namespace forensics
