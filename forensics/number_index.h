// SPDX-License-Identifier: GPL-2.0-only
//
// NumberIndex: maps a key to a number: of its latest conversation, of its process. Open addressing,
// linear probing, at most 5/8 full; 8 bytes a slot. The keys themselves are the caller's, by
// number; they need not be in memory while the index grows.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "forensics/doubling_slots.h"

namespace forensics {

class NumberIndex {
  public:
    static constexpr uint32_t kNone = UINT32_MAX;

    // Returns the slot of the number for which `is` holds, or the empty slot where it belongs.
    // Valid until the next insert().
    template <typename Is>
    size_t find(uint64_t hash, Is is) const {
        const uint32_t tag = tag_of(hash);
        for (size_t at = tag & slots_.mask();; at = (at + 1) & slots_.mask()) {
            const Slot& slot = slots_[at];
            if (slot.number == kNone || (slot.tag == tag && is(slot.number))) {
                return at;
            }
        }
    }
    // Begins to bring the key's slot into the cache.
    void prefetch(uint64_t hash) const {
        __builtin_prefetch(&slots_[tag_of(hash) & slots_.mask()]);
    }
    // Returns the number that find() will look at first; kNone: none.
    uint32_t first(uint64_t hash) const { return slots_[tag_of(hash) & slots_.mask()].number; }
    uint32_t at(size_t slot) const { return slots_[slot].number; }
    void replace(size_t slot, uint32_t number) { slots_[slot].number = number; }

    // Inserts at an empty slot that find() returned.
    void insert(size_t slot, uint64_t hash, uint32_t number) {
        assert(slots_[slot].number == kNone);
        slots_[slot] = {.tag = tag_of(hash), .number = number};
        if (++used_ * 8 > slots_.size() * 5) {
            slots_.grow([](const Slot& one) { return one.number == kNone; },
                        [this](const Slot& one) {
                            return find(uint64_t{one.tag} << 32, [](uint32_t) { return false; });
                        });
        }
    }
    // Removes the number at a slot that find() returned. What follows it moves up.
    void erase(size_t slot) {
        assert(slots_[slot].number != kNone);
        --used_;
        for (size_t at = (slot + 1) & slots_.mask(); slots_[at].number != kNone;
             at = (at + 1) & slots_.mask()) {
            const size_t probed = (at - slots_[at].tag) & slots_.mask();  // from where it belongs
            if (probed >= ((at - slot) & slots_.mask())) {
                slots_[slot] = slots_[at];
                slot = at;
            }
        }
        slots_[slot] = {};
    }

  private:
    struct Slot {
        // Half of the hash: its lower bits choose the slot, the others save key comparisons.
        uint32_t tag = 0;
        uint32_t number = kNone;
    };

    static uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

    DoublingSlots<Slot> slots_;
    size_t used_ = 0;
};

}  // namespace forensics
