// SPDX-License-Identifier: GPL-2.0-only
//
// Freshness: whether what the table knows of one process is all there was to hear of it. Events can
// be lost, when their ring is full, and left out: Linux 7 may skip a program that would report an
// exec, where another process on this CPU was in it. Times are of the clock of
// pidcap_event.time_mono; `lost` is the time before which events may be missing. Passive; one thread.
#pragma once

#include <algorithm>
#include <cstdint>

namespace capture {

class Freshness {
  public:
    // All that is known of the process is of this time.
    void first_seen(uint64_t mono) { known_ = mono; }
    void forked(uint64_t mono) {
        first_seen(mono);
        as_forked_ = true;
    }
    void executed(uint64_t mono) {
        known_ = std::max(known_, mono);
        change_ = mono;
        in_exec_ = false;
        as_forked_ = false;
    }
    // `in_exec`: an exec renamed the process; until its own event comes, nothing else is sure.
    void renamed(uint64_t mono, bool in_exec) {
        change_ = mono;
        as_forked_ = false;
        in_exec_ = in_exec_ || in_exec;
    }
    void moved_to_netns(uint64_t mono) { change_ = mono; }
    // Nothing can happen to it any more.
    void ended(uint64_t lost) {
        if (is_complete(lost)) {
            known_ = UINT64_MAX;
        }
    }
    // It was seen with another name than at its fork. An exec nearly always changes the name, so
    // unless a rename was heard of, one was missed.
    void name_differs() { in_exec_ = in_exec_ || as_forked_; }
    // /proc showed the process: all is known as of now.
    void confirmed(uint64_t lost) {
        known_ = std::max(known_, lost);
        in_exec_ = false;
    }
    // What an exec would have changed is forgotten: nothing doubtful is left.
    void doubt_settled(uint64_t lost) {
        confirmed(lost);
        as_forked_ = false;
    }

    bool is_complete(uint64_t lost) const { return known_ >= lost && !in_exec_; }
    // The time of the last exec, rename or move that was heard of; 0: none was.
    uint64_t last_change() const { return change_; }

  private:
    uint64_t known_ = 0;
    uint64_t change_ = 0;
    bool in_exec_ = false;    // what it executes is not known yet
    bool as_forked_ = false;  // no change of its name was heard of since its fork
};

}  // namespace capture
