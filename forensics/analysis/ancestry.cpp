// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/ancestry.h"

namespace forensics {
namespace {

// A start may be cut to a clock tick (docs/file-format.md), so that a child seems older than its
// parent.
constexpr uint64_t kTickNs = 10'000'000;

bool may_be_parent(const Process& parent, const Process& child) {
    if (&parent == &child || parent.host != child.host) {
        return false;
    }
    if (parent.start_ns == 0 || child.start_ns == 0) {
        return true;
    }
    return parent.start_ns <= child.start_ns + kTickNs &&
           (!parent.end_ns || *parent.end_ns + kTickNs >= child.start_ns);
}

}  // namespace

std::optional<Ancestry::Parent> Ancestry::parent_of(const Process& child) {
    for (; indexed_ < processes_->size(); indexed_++) {
        by_pid_[(*processes_)[indexed_].pid].push_back(static_cast<uint32_t>(indexed_));
    }
    if (child.ppid.value_or(0) == 0) {
        return std::nullopt;
    }
    Parent parent{.pid = *child.ppid, .comm = child.parent_comm};
    if (const auto found = by_pid_.find(parent.pid); found != by_pid_.end()) {
        for (const uint32_t number : found->second) {
            const Process& candidate = (*processes_)[number];
            if (may_be_parent(candidate, child) &&
                (parent.process == nullptr || candidate.start_ns >= parent.process->start_ns)) {
                parent.process = &candidate;
            }
        }
    }
    return parent;
}

}  // namespace forensics
