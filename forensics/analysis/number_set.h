// SPDX-License-Identifier: GPL-2.0-only
//
// NumberSet: a set of 64-bit numbers that are evenly spread, such as keyed hashes; 8 bytes a slot.
#pragma once

#include <cstdint>

#include "forensics/analysis/probed_slots.h"

namespace forensics {

class NumberSet {
  public:
    // Returns whether it is new.
    bool insert(uint64_t number) {
        if (number == 0) {
            number = 1;  // 0 marks an empty slot
        }
        Slot& slot = slots_.find(number);
        if (!slot.is_empty()) {
            return false;
        }
        slot.key = number;
        slots_.filled();
        return true;
    }

  private:
    struct Slot {
        uint64_t key = 0;

        bool is_empty() const { return key == 0; }
    };

    ProbedSlots<Slot> slots_;
};

}  // namespace forensics
