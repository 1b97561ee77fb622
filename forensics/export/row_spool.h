// SPDX-License-Identifier: GPL-2.0-only
//
// RowSpool: keeps the rows of a table by number of their partition, because a file is written at
// one go and rows of several may come in turn. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "forensics/analysis/group_spool.h"
#include "forensics/analysis/table.h"
#include "pcapng/result.h"

namespace forensics {

class RowSpool {
  public:
    RowSpool() = default;
    // `limit`: the most bytes to keep in memory; the rest is in a temporary file.
    explicit RowSpool(size_t limit) : spool_(limit) {}

    // Numbers begin at 0, with few gaps.
    pcapng::Result<void> add(size_t partition, const Row& row);

    // The rows of one partition in the order in which they came. The spool outlives it, and takes
    // nothing meanwhile.
    class Reader {
      public:
        Reader(const RowSpool& spool, size_t partition) : parts_(spool.spool_.read(partition)) {}

        // Fills in the next row, or returns false if there is none, or state() is an error. Its
        // views are valid until the next call.
        bool next(Row& row);
        const pcapng::Result<void>& state() const { return state_; }

      private:
        std::string_view take(size_t size);

        GroupSpool::Reader parts_;
        std::string bytes_;  // read and not returned yet, behind `at_`
        size_t at_ = 0;
        pcapng::Result<void> state_;
    };

  private:
    GroupSpool spool_;
    std::string encoded_;
};

}  // namespace forensics
