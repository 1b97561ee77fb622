// SPDX-License-Identifier: GPL-2.0-only
#include "capture/process_filter.h"

#include <algorithm>
#include <utility>

namespace capture {

void ProcessFilter::Family::add(const ProcessKey& key, const ProcessTable& table) {
    members.insert(key);
    if (members.size() < forget_at) {
        return;
    }
    std::erase_if(members, [&](const ProcessKey& member) { return table.find(member) == nullptr; });
    forget_at = std::max(kFollowed, 2 * members.size());
}

ProcessFilter::ProcessFilter(ProcessConditions conditions) : conditions_(std::move(conditions)) {
    for (const ProcessKey& root : conditions_.expression.roots()) {
        trees_.push_back({root, {}});
    }
}

void ProcessFilter::start(const ProcessTable& table) {
    for (Tree& tree : trees_) {
        const auto is_root = [&tree](const Process& process) { return process.key == tree.root; };
        table.for_each([&](const Process& process) {
            if (is_root(process) || table.has_ancestor(process, is_root)) {
                tree.family.add(process.key, table);
            }
        });
    }
    if (!conditions_.follow) {
        return;
    }
    table.for_each([&](const Process& process) {
        if (table.has_ancestor(process, [&](const Process& above) { return holds(self(above)); })) {
            followed_.add(process.key, table);
        }
    });
}

void ProcessFilter::forked(const Process& child, const ProcessTable& table) {
    if (trees_.empty() && !conditions_.follow) {
        return;
    }
    const Process* parent = table.parent(child);
    if (parent == nullptr) {
        return;
    }
    for (Tree& tree : trees_) {
        if (tree.family.has(*parent)) {
            tree.family.add(child.key, table);
        }
    }
    // What was answered for a process that /proc showed before its fork was told.
    answers_.erase({child.key, child.uid, child.gid});
    // A child begins as the user that its parent is at this moment.
    if (conditions_.follow &&
        (followed_.has(*parent) || holds({parent, child.uid, child.gid, child.user}))) {
        followed_.add(child.key, table);
    }
}

bool ProcessFilter::contains(const ProcessKey& root, const Process& process) const {
    return std::any_of(trees_.begin(), trees_.end(), [&](const Tree& tree) {
        return tree.root == root && tree.family.has(process);
    });
}

// Of a process.
bool ProcessFilter::holds(const ProcessSubject& subject) const {
    const Process& process = *subject.process;
    const Question question{process.key, subject.uid.value_or(0), subject.gid.value_or(0)};
    const auto known = answers_.find(question);
    if (known != answers_.end() && known->second.version == process.version) {
        return known->second.holds;
    }
    const bool holds = conditions_.expression.evaluate(subject, *this) == Truth::kTrue;
    if (answers_.size() >= kAnswers) {
        answers_.clear();
    }
    answers_[question] = {process.version, holds};
    return holds;
}

bool ProcessFilter::wants(const ProcessSubject& subject) const {
    return wants_all() || holds(subject) || (conditions_.follow && followed_.has(*subject.process));
}

bool ProcessFilter::wants(const Packet& packet) const {
    if (wants_all()) {
        return true;
    }
    const auto has_process = [](const End& end) { return end.process != nullptr; };
    const auto wants_end = [&](const End& end) {
        return has_process(end) && wants({end.process, end.uid, end.gid, end.user});
    };
    if (has_process(packet.self) || (packet.peer && has_process(*packet.peer))) {
        return wants_end(packet.self) || (packet.peer && wants_end(*packet.peer));
    }
    return wants_without_process(packet.self.via);
}

uint32_t ProcessFilter::wanted_without_process() const {
    uint32_t wanted = 0;
    for (uint8_t via = PIDCAP_VIA_UNKNOWN; via <= PIDCAP_VIA_CONNTRACK; via++) {
        wanted |= wants_without_process(via) ? 1U << via : 0;
    }
    return wanted;
}

}  // namespace capture
