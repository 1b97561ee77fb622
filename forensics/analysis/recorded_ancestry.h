// SPDX-License-Identifier: GPL-2.0-only
//
// RecordedAncestry: the parent of each process, as far as a file records it. A process records its
// parent's pid and name; the parent is the process with that pid and host that lived when the child
// began, if the file has one. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "packet/filter/ancestry.h"
#include "packet/keyed_hash.h"

namespace forensics {

class RecordedAncestry : public packet::Ancestry {
  public:
    // `processes` are a Source's and outlive this; those that are added later are found, too.
    // `changes` grows with every change of one of them; null if none changes any more.
    explicit RecordedAncestry(const std::deque<packet::Process>& processes,
                              const uint64_t* changes = nullptr)
        : processes_(&processes), changes_(changes) {}

    std::optional<Parent> parent_of(const packet::Process& child) override;
    void for_each(const std::function<void(const packet::Process&)>& visit) const override;
    bool knows(uint32_t number) const override { return number < processes_->size(); }
    uint64_t generation() const override { return changes_ != nullptr ? *changes_ : 0; }

  private:
    const std::deque<packet::Process>* processes_;
    const uint64_t* changes_;
    size_t indexed_ = 0;
    std::unordered_map<uint32_t, std::vector<uint32_t>, packet::KeyedHash> by_pid_;  // numbers
};

}  // namespace forensics
