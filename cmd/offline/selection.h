// SPDX-License-Identifier: GPL-2.0-only
//
// The options of the commands on files that say which packets are wanted, as a
// forensics::Selection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/process_filter_options.h"
#include "forensics/select/selection.h"
#include "pcapng/result.h"

namespace cmd {

// A member of a command's line, before it is parsed: adds --pid … --kernel, --filter, -F,
// --interface, --netns, --after, --before and -c.
struct SelectionOptions {
    CommandLine& line;
    ProcessFilterOptions processes{line};
    const Option& filter = line.value("--filter");
    const Option& filter_file = line.value("-F");
    const Option& interface = line.value("--interface");
    const Option& netns = line.value("--netns");
    const Option& after = line.value("--after");
    const Option& before = line.value("--before");
    const Option& count = line.value("-c");

    explicit SelectionOptions(CommandLine& of) : line(of) {}

    // Whether any of them is.
    bool given() const;
};

// Which words of a command line are a filter: those behind the first file, and behind others from
// the first on that is no file; or all but the first, which -r gives.
enum class FilterWords : uint8_t { kNoFiles, kAll };

// The conditions, once the command line is parsed. `files`: the file and the words of the command
// line. The words of a filter expression, as tcpdump has it, are taken out. An error is one of
// usage.
pcapng::Result<forensics::Selection> selection_of(const SelectionOptions& options,
                                                  std::vector<std::string>& files,
                                                  FilterWords which = FilterWords::kNoFiles);

// Says which values of the options nothing in the file has.
void tell_unmatched(std::string_view command, const forensics::Selection& selection,
                    const forensics::Source& source);

}  // namespace cmd
