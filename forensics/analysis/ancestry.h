// SPDX-License-Identifier: GPL-2.0-only
//
// Ancestry: who is whose parent, as far as a file tells: a process tells its parent's pid and name,
// and the parent is the process of that pid and host that lived when the child began, if the file
// tells of one. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "forensics/process.h"
#include "packet/keyed_hash.h"

namespace forensics {

class Ancestry {
  public:
    // `processes`: a Source's, which outlive this; those that are added later are found, too.
    explicit Ancestry(const std::deque<Process>& processes) : processes_(&processes) {}

    struct Parent {
        const Process* process = nullptr;  // null: the file tells nothing but what its child says:
        uint32_t pid = 0;
        std::string_view comm = {};  // empty: not told; valid as long as the child is unchanged
    };
    // None: the child doesn't tell of any.
    std::optional<Parent> parent_of(const Process& child);

    // Whether visit(Parent) is true of an ancestor; asked from the nearest on. A file can tell of
    // parents in a circle, so the way up ends at some point.
    template <typename Visit>
    bool any_ancestor(const Process& child, Visit visit) {
        const Process* at = &child;
        for (int depth = 0; at != nullptr && depth < kDeepest; depth++) {
            const std::optional<Parent> parent = parent_of(*at);
            if (!parent) {
                return false;
            }
            if (visit(*parent)) {
                return true;
            }
            at = parent->process;
        }
        return false;
    }

    static constexpr int kDeepest = 1000;

  private:
    const std::deque<Process>* processes_;
    size_t indexed_ = 0;
    std::unordered_map<uint32_t, std::vector<uint32_t>, packet::KeyedHash> by_pid_;  // numbers
};

}  // namespace forensics
