// SPDX-License-Identifier: GPL-2.0-only
//
// Freshness: tracks whether the table has seen every event of one process. Events can be lost if
// their ring is full, and Linux 7 may skip the program that reports an exec if another process on
// the same CPU was preempted in it. Times are those of pidcap_event.time_mono; `lost` is the time
// before which events may be missing. One thread.
#pragma once

#include <algorithm>
#include <cstdint>

namespace capture {

class Freshness {
  public:
    // All that is known of the process dates from this time.
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
    // `in_exec`: an exec renamed the process. Until the exec's own event comes, the executable and
    // command line are not certain.
    void renamed(uint64_t mono, bool in_exec) {
        change_ = mono;
        as_forked_ = false;
        in_exec_ = in_exec_ || in_exec;
    }
    void moved_to_netns(uint64_t mono) { change_ = mono; }
    // /proc showed the process after a change of which no event came.
    void change_noticed(uint64_t mono) {
        change_ = mono;
        as_forked_ = false;
    }
    // The process ended, so no event can be missed from here on.
    void ended(uint64_t lost) {
        if (is_complete(lost)) {
            known_ = UINT64_MAX;
        }
    }
    // The process was seen with another name than at its fork. Unless an event reported a rename,
    // an exec was probably missed, because nearly every exec changes the name.
    void name_differs() { in_exec_ = in_exec_ || as_forked_; }
    // /proc showed the process, so everything is known as of now.
    void confirmed(uint64_t lost) {
        known_ = std::max(known_, lost);
        in_exec_ = false;
    }
    // Everything that a missed exec would have changed was cleared, so nothing uncertain is left.
    void doubt_settled(uint64_t lost) {
        confirmed(lost);
        as_forked_ = false;
    }

    bool is_complete(uint64_t lost) const { return known_ >= lost && !in_exec_; }
    // Returns the time of the last known exec, rename or move to another network namespace; 0 if
    // there was none.
    uint64_t last_change() const { return change_; }

  private:
    uint64_t known_ = 0;
    uint64_t change_ = 0;
    bool in_exec_ = false;    // an exec began, and its own event hasn't come yet
    bool as_forked_ = false;  // no change of its name was reported since its fork
};

}  // namespace capture
