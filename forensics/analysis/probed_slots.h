// SPDX-License-Identifier: GPL-2.0-only
//
// ProbedSlots: the slots of a hash table whose keys are evenly spread already, such as keyed
// hashes. Open addressing, linear probing, at most 3/4 full. A Slot has a `key` of 64 bits and
// is_empty().
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace forensics {

template <typename Slot>
class ProbedSlots {
  public:
    // Returns the slot of a key, or the empty one where it belongs. Valid until the next filled().
    Slot& find(uint64_t key) {
        size_t at = key & (slots_.size() - 1);
        while (!slots_[at].is_empty() && slots_[at].key != key) {
            at = (at + 1) & (slots_.size() - 1);
        }
        return slots_[at];
    }
    // To be called once an empty slot that find() returned is none any more.
    void filled() {
        if (++size_ * 4 > slots_.size() * 3) {
            grow();
        }
    }
    // How many slots are filled.
    size_t size() const { return size_; }
    // All slots, also the empty ones.
    const std::vector<Slot>& all() const { return slots_; }

  private:
    void grow() {
        std::vector<Slot> old(slots_.size() * 2);
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (!slot.is_empty()) {
                find(slot.key) = slot;
            }
        }
    }

    std::vector<Slot> slots_ = std::vector<Slot>(1024);
    size_t size_ = 0;
};

}  // namespace forensics
