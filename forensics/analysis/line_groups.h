// SPDX-License-Identifier: GPL-2.0-only
//
// LineGroups: lines that come in any order, to be printed group by group: kept in memory up to some
// MiB, then in a temporary file without a name. One thread.
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
    // `limit`: so many bytes stay in memory.
    explicit LineGroups(size_t limit = size_t{8} << 20) : limit_(limit) {}

    // Adds a line, its line break included. Groups are numbered from 0, few numbers left out.
    pcapng::Result<void> add(size_t group, std::string_view line);

    // Prints the group's lines in the order in which they came, each behind `indent`. False: `out`
    // takes nothing more.
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
