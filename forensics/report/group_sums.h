// SPDX-License-Identifier: GPL-2.0-only
//
// GroupSums: sums the conversations of many groups, such as those of a remote address, to find the
// largest before anything else of a group is kept. A group is known by a keyed hash. Open
// addressing, linear probing, at most 3/4 full; 24 bytes a slot.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace forensics {

struct GroupSum {
    uint64_t key = 0;
    uint64_t bytes = 0;
    uint32_t flows = 0;  // 0: an empty slot
    uint32_t place = 0;  // from 0, in the order in which the groups were seen
};

class GroupSums {
  public:
    void add(uint64_t key, uint64_t bytes) {
        GroupSum& sum = slots_[find(key)];
        const bool is_new = sum.flows == 0;
        if (is_new) {
            sum.key = key;
            sum.place = static_cast<uint32_t>(size_++);
        }
        sum.flows++;
        sum.bytes += bytes;
        if (is_new && size_ * 4 > slots_.size() * 3) {
            grow();
        }
    }
    size_t size() const { return size_; }

    // Returns the keys of the `most` largest groups, each with its place among them.
    template <typename Larger>
    std::unordered_map<uint64_t, size_t> largest(size_t most, Larger larger) const {
        std::vector<GroupSum> kept;  // a heap: the smallest is in front
        for (const GroupSum& sum : slots_) {
            if (sum.flows == 0 || (kept.size() == most && !larger(sum, kept.front()))) {
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
    size_t find(uint64_t key) const {
        size_t at = key & (slots_.size() - 1);
        while (slots_[at].flows != 0 && slots_[at].key != key) {
            at = (at + 1) & (slots_.size() - 1);
        }
        return at;
    }
    void grow() {
        std::vector<GroupSum> old(slots_.size() * 2);
        old.swap(slots_);
        for (const GroupSum& sum : old) {
            if (sum.flows != 0) {
                slots_[find(sum.key)] = sum;
            }
        }
    }

    std::vector<GroupSum> slots_ = std::vector<GroupSum>(1024);
    size_t size_ = 0;
};

}  // namespace forensics
