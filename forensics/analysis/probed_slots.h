// SPDX-License-Identifier: GPL-2.0-only
//
// ProbedSlots: the slots of a hash table whose keys are evenly spread already, such as keyed
// hashes. Open addressing, linear probing, at most 3/4 full. A Slot has a `key` of 64 bits and
// is_empty().
#pragma once

#include <cstddef>
#include <cstdint>

#include "forensics/doubling_slots.h"

namespace forensics {

template <typename Slot>
class ProbedSlots {
  public:
    // Returns the slot of a key, or the empty one where it belongs. Valid until the next filled().
    Slot& find(uint64_t key) { return slots_[place_of(key)]; }
    // To be called once an empty slot that find() returned is none any more.
    void filled() {
        if (++size_ * 4 > slots_.size() * 3) {
            slots_.grow([](const Slot& slot) { return slot.is_empty(); },
                        [this](const Slot& slot) { return place_of(slot.key); });
        }
    }
    // How many slots are filled.
    size_t size() const { return size_; }
    // All slots, also the empty ones.
    const DoublingSlots<Slot>& all() const { return slots_; }

  private:
    size_t place_of(uint64_t key) const {
        size_t at = key & slots_.mask();
        while (!slots_[at].is_empty() && slots_[at].key != key) {
            at = (at + 1) & slots_.mask();
        }
        return at;
    }

    DoublingSlots<Slot> slots_;
    size_t size_ = 0;
};

}  // namespace forensics
