// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/recorded_ancestry.h"

namespace forensics {
namespace {

using packet::Process;

// A start may be cut to a clock tick (docs/file-format.md), so a child may seem older than its
// parent.
constexpr uint64_t kTickNs = 10'000'000;

bool may_be_parent(const Process& parent, const Process& child) {
    if (&parent == &child || parent.host != child.host || parent.pidns != child.pidns) {
        return false;
    }
    if (parent.start_ns == 0 || child.start_ns == 0) {
        return true;
    }
    return parent.start_ns <= child.start_ns + kTickNs &&
           (!parent.end_ns || *parent.end_ns + kTickNs >= child.start_ns);
}

}  // namespace

std::optional<packet::Ancestry::Parent> RecordedAncestry::parent_of(const Process& child) {
    for (; indexed_ < processes_->size(); indexed_++) {
        by_pid_[(*processes_)[indexed_].pid].push_back(static_cast<uint32_t>(indexed_));
    }
    const std::optional<packet::ParentRecord> recorded = packet::recorded_parent(child);
    if (!recorded) {
        return std::nullopt;
    }
    Parent parent{*recorded};
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

void RecordedAncestry::for_each(const std::function<void(const Process&)>& visit) const {
    for (const Process& process : *processes_) {
        visit(process);
    }
}

}  // namespace forensics
