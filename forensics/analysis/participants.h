// SPDX-License-Identifier: GPL-2.0-only
//
// Participants: the processes that packets name at one end of a conversation, each with the bytes
// of these packets, in both directions. Most ends have one process, which needs no allocation.
// Keeps the first kMaxKept processes and counts the bytes of later ones as others, so that a file
// can't make it grow. The processes outlive this. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "forensics/packet_types.h"

namespace forensics {

struct Participant {
    const Process* process = nullptr;  // null: those that weren't kept, together
    uint64_t bytes = 0;                // on the wire, link layer included
};

class Participants {
  public:
    static constexpr size_t kMaxKept = 32;

    void add(const Process& process, uint64_t bytes);

    // Returns the process that moved the most bytes, of equals the one seen first; null: none.
    const Process* main() const;
    // Returns the process that was seen first; null: none.
    const Process* first() const { return first_.process; }
    // Returns whether packets name more than one process.
    bool several() const { return further_ != nullptr; }
    uint64_t bytes() const;
    // Returns all that were kept, most bytes first, then the others, if there are any.
    std::vector<Participant> by_bytes() const;

  private:
    struct Further {
        std::vector<Participant> kept;
        uint64_t others_bytes = 0;
        bool has_others = false;
    };

    Participant first_;
    std::unique_ptr<Further> further_;
};

}  // namespace forensics
