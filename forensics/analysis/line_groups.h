// SPDX-License-Identifier: GPL-2.0-only
//
// LineGroups: collects lines in any order and prints them group by group. Keeps some MiB in memory,
// the rest in an unlinked temporary file. One thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "forensics/analysis/group_spool.h"
#include "packet/line/text_output.h"
#include "pcapng/result.h"

namespace forensics {

class LineGroups {
  public:
    LineGroups() = default;
    // `limit`: the most bytes to keep in memory.
    explicit LineGroups(size_t limit) : lines_(limit) {}

    // Adds a line, its line break included. Groups are numbered from 0, with few gaps.
    pcapng::Result<void> add(size_t group, std::string_view line) {
        return lines_.add(group, line);
    }

    // Prints the group's lines in the order in which they were added, each after `indent`. Returns
    // false if `out` takes nothing more.
    pcapng::Result<bool> print(size_t group, std::string_view indent,
                               packet::TextOutput& out) const;

  private:
    GroupSpool lines_;
};

}  // namespace forensics
