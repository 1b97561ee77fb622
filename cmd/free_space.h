// SPDX-License-Identifier: GPL-2.0-only
//
// FreeSpace: --keep-free: removes the oldest files of a spool before the disk is full, and when it
// is. Without that option it removes nothing. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/spool.h"

namespace cmd {

class FreeSpace {
  public:
    // The spool outlives this. `wanted`: bytes; nullopt: remove nothing.
    FreeSpace(Spool& spool, std::optional<uint64_t> wanted) : spool_(spool), wanted_(wanted) {}

    // Changes what is wanted.
    void want(std::optional<uint64_t> wanted) { wanted_ = wanted; }

    // Removes the oldest file because a write or an open failed with this errno. Returns false if
    // that is no question of space, or there is none to remove.
    bool make_room(int code);
    // Removes files, at most four times a second, until as much is free as wanted where `fd` is.
    void keep(int fd);
    // Returns what the user should know, a line each, since the last call.
    std::vector<std::string> take_notices();
    // Adds what there was no notice of yet. Call it at the end.
    void finish();

  private:
    std::optional<uint64_t> remove_oldest(const std::string& why);

    Spool& spool_;
    std::optional<uint64_t> wanted_;
    uint64_t next_check_ = 0;
    uint64_t removed_ = 0;    // files that no notice has told of yet
    uint64_t next_told_ = 0;  // when one may
    bool told_nothing_left_ = false;
    std::vector<std::string> notices_;
};

}  // namespace cmd
