// SPDX-License-Identifier: GPL-2.0-only
//
// GroupSpool: collects bytes of several groups in any order and returns them group by group. Keeps
// some MiB in memory, the rest in an unlinked temporary file. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace forensics {

class GroupSpool {
  public:
    // `limit`: the most bytes to keep in memory.
    explicit GroupSpool(size_t limit = size_t{8} << 20) : limit_(limit) {}

    // Groups are numbered from 0, with few gaps.
    pcapng::Result<void> add(size_t group, std::string_view bytes);

    // A group's bytes in the order in which they were added. The spool outlives it, and takes
    // nothing meanwhile.
    class Reader {
      public:
        // Returns the next part, cut anywhere and valid until the next call; empty at the end.
        pcapng::Result<std::string_view> next();

      private:
        friend class GroupSpool;
        Reader(const GroupSpool& spool, size_t group) : spool_(spool), group_(group) {}

        const GroupSpool& spool_;
        size_t group_;
        size_t extent_ = 0;  // which one is read; the one behind the last is in memory
        uint64_t done_ = 0;  // bytes of it
        std::string part_;
    };
    Reader read(size_t group) const { return {*this, group}; }

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
