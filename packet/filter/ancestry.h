// SPDX-License-Identifier: GPL-2.0-only
//
// Ancestry: the parent of each process, as far as a source of packets knows it: the process table
// of a running capture, or the processes that a file records. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "packet/process.h"

namespace packet {

class Ancestry {
  public:
    virtual ~Ancestry() = default;

    struct Parent : ParentRecord {
        const Process* process = nullptr;  // null: only the child's record of it is known
    };
    // Returns the process that forked `child`, or nullopt if the child's parent is not known.
    virtual std::optional<Parent> parent_of(const Process& child) = 0;

    virtual void for_each(const std::function<void(const Process&)>& visit) const = 0;
    // Returns whether the source still has the process with this number.
    virtual bool knows(uint32_t number) const = 0;
    // Grows when the result of an earlier parent_of() may have changed.
    virtual uint64_t generation() const = 0;

    // Returns whether visit(Parent) is true of an ancestor, the nearest first. Ends after kDeepest:
    // a file can record parents in a circle.
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

    static constexpr int kDeepest = 4096;
};

}  // namespace packet
