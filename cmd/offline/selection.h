// SPDX-License-Identifier: GPL-2.0-only
//
// Which packets of files are wanted: the options of the commands on files that say so, and what
// they become. A packet has to meet all of them. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/offline/link_filter.h"
#include "cmd/offline/process_selection.h"
#include "cmd/offline/time_window.h"
#include "cmd/process_filter_options.h"
#include "forensics/source/source.h"
#include "pcapng/result.h"

namespace cmd {

// A member of a command's line, before it is parsed: adds --pid … --kernel, --filter, -F, --after,
// --before and -c.
struct SelectionOptions {
    CommandLine& line;
    ProcessFilterOptions processes{line};
    const Option& filter = line.value("--filter");
    const Option& filter_file = line.value("-F");
    const Option& after = line.value("--after");
    const Option& before = line.value("--before");
    const Option& count = line.value("-c");

    explicit SelectionOptions(CommandLine& of) : line(of) {}

    // Whether any of them is.
    bool given() const;
};

// The lines of a command's --help about these options.
std::string_view selection_help();

class Selection {
  public:
    Selection() = default;  // everything

    // Once the command line is parsed. An error is one of usage.
    static pcapng::Result<Selection> make(const SelectionOptions& options);

    // To be called for each file before its first packet; the source outlives the next call. Times
    // and pids are the file's; -c counts through all files.
    void begin(const forensics::Source& source);

    // To be asked about every packet in the file's order. An error says what the filter can't be
    // used on.
    pcapng::Result<bool> wants(const forensics::Packet& packet);

    // The pids of --tree that are no process's and no parent's in what was read of the source.
    std::vector<uint32_t> unknown_trees(const forensics::Source& source) const;

    // -c: no further packet is wanted.
    bool done() const { return count_ && wanted_ >= *count_; }

  private:
    ProcessSelection processes_;
    std::vector<uint32_t> trees_;
    TimeWindow window_;
    std::optional<LinkFilter> filter_;
    std::optional<uint64_t> count_;
    uint64_t wanted_ = 0;
};

}  // namespace cmd
