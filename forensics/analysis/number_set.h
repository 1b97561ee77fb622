// SPDX-License-Identifier: GPL-2.0-only
//
// NumberSet: a set of 64-bit numbers that are evenly spread, such as keyed hashes. Open addressing,
// linear probing, at most 3/4 full; 8 bytes a slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace forensics {

class NumberSet {
  public:
    // Returns whether it is new.
    bool insert(uint64_t number) {
        if (number == 0) {
            number = 1;  // 0 marks an empty slot
        }
        uint64_t& slot = slots_[find(number)];
        if (slot == number) {
            return false;
        }
        slot = number;
        if (++used_ * 4 > slots_.size() * 3) {
            grow();
        }
        return true;
    }

  private:
    size_t find(uint64_t number) const {
        size_t at = number & (slots_.size() - 1);
        while (slots_[at] != 0 && slots_[at] != number) {
            at = (at + 1) & (slots_.size() - 1);
        }
        return at;
    }
    void grow() {
        std::vector<uint64_t> old(slots_.size() * 2);
        old.swap(slots_);
        for (const uint64_t number : old) {
            if (number != 0) {
                slots_[find(number)] = number;
            }
        }
    }

    std::vector<uint64_t> slots_ = std::vector<uint64_t>(1024);
    size_t used_ = 0;
};

}  // namespace forensics
