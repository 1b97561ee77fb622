// SPDX-License-Identifier: GPL-2.0-only
//
// Participants: the processes that packets name at one end of a conversation, each with the bytes
// of these packets, in both directions. Keeps the first kMaxKept processes and counts the bytes of
// later ones as others, so that a file can't make it grow. Plain data, which may be copied
// bytewise: processes beyond the first kInline are in a pool, which outlives it, as the processes
// do. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
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
    static constexpr size_t kInline = 2;

    struct Further {
        std::vector<Participant> kept;
        uint64_t others_bytes = 0;
        bool has_others = false;
    };
    class Pool {
      public:
        Further& take();
        void give_back(Further& further);

      private:
        std::deque<Further> all_;
        std::vector<Further*> free_;
    };

    void add(const Process& process, uint64_t bytes, Pool& pool);
    // Forgets all of them.
    void clear(Pool& pool);

    // Returns the process that moved the most bytes, of equals the one seen first; null: none.
    const Process* main() const;
    // Returns the process that was seen first; null: none.
    const Process* first() const { return few_[0].process; }
    // Returns whether packets name more than one process.
    bool several() const { return few_[1].process != nullptr; }
    // Returns whether the process is among those that are kept.
    bool has(const Process& process) const {
        return few_[0].process == &process || few_[1].process == &process ||
               (further_ != nullptr && further_has(process));
    }
    uint64_t bytes() const;
    // Returns all that were kept, most bytes first, then the others, if there are any.
    std::vector<Participant> by_bytes() const;
    // Calls take(participant) for each that was kept, in the order in which they were seen.
    template <typename Take>
    void each(Take take) const {
        for (const Participant& one : few_) {
            if (one.process != nullptr) {
                take(one);
            }
        }
        if (further_ != nullptr) {
            for (const Participant& one : further_->kept) {
                take(one);
            }
        }
    }

  private:
    bool further_has(const Process& process) const;

    std::array<Participant, kInline> few_{};
    Further* further_ = nullptr;
};

}  // namespace forensics
