// SPDX-License-Identifier: GPL-2.0-only
//
// Which packets of files are wanted: the options of the commands on files that say so, and what
// they become. A packet has to meet all of them. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cmd/offline/process_selection.h"
#include "cmd/option_reader.h"
#include "cmd/whose_options.h"
#include "forensics/select/link_filter.h"
#include "forensics/select/time_window.h"
#include "forensics/source/source.h"
#include "pcapng/result.h"

namespace cmd {

// A member of a command's line, before it is parsed: adds --pid … --kernel, --filter, -F, --after,
// --before and -c.
struct SelectionOptions {
    CLI::App& app;
    WhoseOptions whose{app};
    CLI::Option* filter = value(app, "--filter");
    CLI::Option* filter_file = value(app, "-F");
    CLI::Option* after = value(app, "--after");
    CLI::Option* before = value(app, "--before");
    CLI::Option* count = value(app, "-c");

    explicit SelectionOptions(CLI::App& of) : app(of) {}
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
