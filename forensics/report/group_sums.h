// SPDX-License-Identifier: GPL-2.0-only
//
// GroupSums: sums the conversations, or what else, of many groups, such as those of a remote
// address, to find the largest before anything else of a group is kept. A group is known by a keyed
// hash; 24 bytes a slot.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "forensics/analysis/probed_slots.h"

namespace forensics {

struct GroupSum {
    uint64_t key = 0;
    uint64_t amount = 0;  // bytes, or what else is summed
    uint32_t flows = 0;   // 0: an empty slot
    uint32_t place = 0;   // from 0, in the order in which the groups were seen

    bool is_empty() const { return flows == 0; }
};

class GroupSums {
  public:
    void add(uint64_t key, uint64_t amount) {
        GroupSum& sum = slots_.find(key);
        const bool is_new = sum.is_empty();
        if (is_new) {
            sum.key = key;
            sum.place = static_cast<uint32_t>(slots_.size());
        }
        sum.flows++;
        sum.amount += amount;
        if (is_new) {
            slots_.filled();
        }
    }
    size_t size() const { return slots_.size(); }

    // Returns the keys of the `most` largest groups, each with its place among them.
    template <typename Larger>
    std::unordered_map<uint64_t, size_t> largest(size_t most, Larger larger) const {
        std::vector<GroupSum> kept;  // a heap: the smallest is in front
        for (const GroupSum& sum : slots_.all()) {
            if (sum.is_empty() || (kept.size() == most && !larger(sum, kept.front()))) {
                continue;
            }
            if (kept.size() == most) {
                std::pop_heap(kept.begin(), kept.end(), larger);
                kept.pop_back();
            }
            kept.push_back(sum);
            std::push_heap(kept.begin(), kept.end(), larger);
        }
        std::sort_heap(kept.begin(), kept.end(), larger);
        std::unordered_map<uint64_t, size_t> places;
        for (const GroupSum& sum : kept) {
            places.emplace(sum.key, places.size());
        }
        return places;
    }

  private:
    ProbedSlots<GroupSum> slots_;
};

}  // namespace forensics
