// SPDX-License-Identifier: GPL-2.0-only
//
// LineGroups: collects lines in any order and prints them group by group. Keeps some MiB in memory,
// the rest in an unlinked temporary file. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "packet/line/text_output.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace forensics {

class LineGroups {
  public:
    // `limit`: the most bytes to keep in memory.
    explicit LineGroups(size_t limit = size_t{8} << 20) : limit_(limit) {}

    // Adds a line, its line break included. Groups are numbered from 0, with few gaps.
    pcapng::Result<void> add(size_t group, std::string_view line);

    // Prints the group's lines in the order in which they were added, each after `indent`. Returns
    // false if `out` takes nothing more.
    pcapng::Result<bool> print(size_t group, std::string_view indent,
                               packet::TextOutput& out) const;

  private:
    struct Extent {
        uint64_t offset = 0;
        uint64_t size = 0;
    };
    struct Group {
        std::string pending;
        std::vector<Extent> stored;
    };

    pcapng::Result<void> store();

    size_t limit_;
    size_t pending_ = 0;  // bytes of all groups
    std::vector<Group> groups_;
    pcapng::Fd file_;
    uint64_t file_size_ = 0;
};

}  // namespace forensics
