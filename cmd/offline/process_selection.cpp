// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/process_selection.h"

#include <cassert>
#include <utility>

namespace cmd {
namespace {

using capture::ProcessKey;
using capture::ProcessSubject;
using forensics::Ancestry;

constexpr std::string_view kViaKernel = "kernel";

// Whether something is new, which is copied then.
template <typename To, typename From>
bool take(To& to, const From& from) {
    const bool changed = to != from;
    if (changed) {
        to = from;
    }
    return changed;
}

}  // namespace

ProcessSelection::ProcessSelection(const ProcessChoice& choice) {
    const capture::ProcessConditions conditions = conditions_of(choice, std::nullopt);
    follow_ = conditions.follow;
    // Keys are pids here: it asks about every process of a pid, and never about one that isn't.
    auto resolved = conditions.expression.resolved(
        [](uint32_t pid) { return std::optional(ProcessKey{.pid = pid}); });
    assert(resolved);
    expression_ = *std::move(resolved);
}

void ProcessSelection::begin(const std::deque<forensics::Process>& processes) {
    ancestry_.emplace(processes);
    told_.clear();
    answers_.clear();
}

const ProcessSelection::Told& ProcessSelection::told(const forensics::Process& process) {
    if (process.number >= told_.size()) {
        told_.resize(process.number + size_t{1});
        answers_.resize(process.number + size_t{1});
    }
    Told& to = told_[process.number];
    bool changed = take(to.from, &process);
    to.key.pid = process.pid;
    changed = take(to.comm, process.comm) || changed;
    changed = take(to.exe, process.exe) || changed;
    changed = take(to.cmdline, process.cmdline) || changed;
    changed = take(to.parent_comm, process.parent_comm) || changed;
    changed = take(to.ppid, process.ppid.value_or(0)) || changed;
    changed = take(to.uid, process.uid.value_or(0)) || changed;
    changed = take(to.user, process.user) || changed;
    changed = take(to.cgroup, process.cgroup) || changed;
    changed = take(to.container, process.container) || changed;
    changed = take(to.unit, process.unit) || changed;
    changed = take(to.netns, static_cast<uint32_t>(process.netns)) || changed;
    generation_ += changed ? 1 : 0;
    return to;
}

bool ProcessSelection::contains(const ProcessKey& root, const capture::Process& process) const {
    if (process.key.pid == root.pid) {
        return true;
    }
    // Whatever is asked about here is Told.
    const forensics::Process* from = static_cast<const Told&>(process).from;
    return from != nullptr && ancestry_->any_ancestor(*from, [&](const Ancestry::Parent& parent) {
        return parent.pid == root.pid;
    });
}

// Whether an ancestor is wanted, of which perhaps no more is told than pid and comm.
bool ProcessSelection::follows(const forensics::Process& process) {
    return ancestry_->any_ancestor(process, [&](const Ancestry::Parent& parent) {
        if (parent.process != nullptr) {
            const forensics::Process& from = *parent.process;
            return holds({.process = &told(from), .uid = from.uid, .gid = {}, .user = from.user});
        }
        Told named;
        named.key.pid = parent.pid;
        named.comm = parent.comm;
        return holds({.process = &named, .uid = {}, .gid = {}, .only_named = true});
    });
}

bool ProcessSelection::wants(const forensics::End& end) {
    if (end.process == nullptr) {
        return false;
    }
    const forensics::Process& process = *end.process;
    const Told& subject = told(process);
    const std::optional<uint32_t> uid = end.uid ? end.uid : process.uid;
    if (const Answer& known = answers_[process.number];
        known.generation == generation_ && known.uid == uid) {
        return known.wanted;
    }
    // The name is the one of the process's latest user.
    const std::string_view user =
        uid == process.uid ? std::string_view(process.user) : std::string_view();
    const bool wanted = holds({.process = &subject, .uid = uid, .gid = {}, .user = user}) ||
                        (follow_ && follows(process));
    answers_[process.number] = {generation_, uid, wanted};
    return wanted;
}

bool ProcessSelection::wants(const forensics::Packet& packet) {
    if (wants_all()) {
        return true;
    }
    if (packet.attributed()) {
        return wants(packet.self) || wants(packet.peer);
    }
    const bool kernel = packet.self.via == kViaKernel;
    return holds({.via = static_cast<uint8_t>(kernel ? PIDCAP_VIA_KERNEL : PIDCAP_VIA_UNKNOWN)});
}

}  // namespace cmd
