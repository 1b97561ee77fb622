// SPDX-License-Identifier: GPL-2.0-only
#include "packet/filter/process_filter.h"

#include <algorithm>
#include <utility>

namespace packet {

void ProcessFilter::Family::add(const Process& process, const Ancestry& ancestry) {
    members.insert(process.number);
    if (members.size() < forget_at) {
        return;
    }
    std::erase_if(members, [&](uint32_t member) { return !ancestry.knows(member); });
    forget_at = std::max(kFollowed, 2 * members.size());
}

ProcessFilter::ProcessFilter(ProcessConditions conditions, Ancestry& ancestry)
    : conditions_(std::move(conditions)), ancestry_(&ancestry) {}

void ProcessFilter::start() {
    started_ = true;
    for (const ProcessReference& root : conditions_.expression.roots()) {
        Tree& tree = trees_.emplace_back(Tree{root, {}});
        ancestry_->for_each([&](const Process& process) {
            const bool is_descendant =
                ancestry_->any_ancestor(process, [&root](const Ancestry::Parent& parent) {
                    return parent.process != nullptr && root.is(*parent.process);
                });
            if (root.is(process) || is_descendant) {
                tree.family.add(process, *ancestry_);
            }
        });
    }
    if (!conditions_.follow) {
        return;
    }
    ancestry_->for_each([&](const Process& process) {
        if (descends_from_wanted(process)) {
            followed_.add(process, *ancestry_);
        }
    });
}

void ProcessFilter::forked(const Process& child) {
    if (trees_.empty() && !conditions_.follow) {
        return;
    }
    const std::optional<Ancestry::Parent> parent = ancestry_->parent_of(child);
    if (!parent || parent->process == nullptr) {
        return;
    }
    for (Tree& tree : trees_) {
        if (tree.family.has(*parent->process)) {
            tree.family.add(child, *ancestry_);
        }
    }
    // The child begins as the user that its parent is at this moment.
    const ProcessSubject as_forked{parent->process, child.uid, child.gid, child.user};
    if (conditions_.follow && (followed_.has(*parent->process) || answer(as_forked).holds)) {
        followed_.add(child, *ancestry_);
    }
    // The child may have been judged before: /proc can show it earlier than its fork is reported.
    answers_.erase({child.number, child.uid.value_or(0), child.gid.value_or(0)});
}

bool ProcessFilter::contains(const ProcessReference& root, const Process& process) const {
    if (started_) {
        return std::any_of(trees_.begin(), trees_.end(), [&](const Tree& tree) {
            return tree.root == root && tree.family.has(process);
        });
    }
    return root.is(process) ||
           ancestry_->any_ancestor(process, [&root](const Ancestry::Parent& parent) {
               return parent.process != nullptr
                          ? root.is(*parent.process)
                          : !root.number && parent.pid == root.pid && parent.pidns == 0;
           });
}

// Returns whether an ancestor is wanted, including one that is known by pid and comm only.
bool ProcessFilter::descends_from_wanted(const Process& process) {
    return ancestry_->any_ancestor(process, [&](const Ancestry::Parent& parent) {
        if (parent.process != nullptr) {
            return evaluate(latest(*parent.process));
        }
        Process named;
        named.pid = parent.pid;
        named.pidns = parent.pidns;
        named.comm = parent.comm;
        return evaluate({.process = &named, .uid = {}, .gid = {}, .only_named = true});
    });
}

const ProcessFilter::Answer& ProcessFilter::answer(const ProcessSubject& subject) {
    const Process& process = *subject.process;
    if (answers_.size() >= kAnswers) {
        answers_.clear();
    }
    const auto [entry, is_new] =
        answers_.try_emplace({process.number, subject.uid.value_or(0), subject.gid.value_or(0)});
    Answer& known = entry->second;
    const uint64_t generation = ancestry_->generation();
    if (is_new || known.version != process.version || known.generation != generation) {
        const bool holds = evaluate(subject);
        const bool follows =
            !holds && conditions_.follow && !started_ && descends_from_wanted(process);
        known = {process.version, generation, holds, follows};
    }
    return known;
}

bool ProcessFilter::wants(const ProcessSubject& subject) {
    const Answer& known = answer(subject);
    return known.holds || known.follows || followed_.has(*subject.process);
}

bool ProcessFilter::wants(const Process& process) {
    return wants_all() || wants(latest(process));
}

bool ProcessFilter::wants(const End& end) {
    return end.process != nullptr &&
           wants(ProcessSubject{
               .process = end.process, .uid = uid_of(end), .gid = end.gid, .user = user_of(end)});
}

bool ProcessFilter::wants_without_process(Via via) const {
    return evaluate({.via = via});
}

bool ProcessFilter::wants(const Packet& packet) {
    if (wants_all()) {
        return true;
    }
    if (packet.attributed()) {
        return wants(packet.self) || wants(packet.peer);
    }
    return wants_without_process(packet.self.via);
}

}  // namespace packet
