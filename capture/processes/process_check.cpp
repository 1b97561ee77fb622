// SPDX-License-Identifier: GPL-2.0-only
//
// The part of ProcessTable that reads /proc: to complete a process, to resolve a contradiction, and
// to find processes whose exit event was lost.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "capture/processes/process_table.h"

namespace capture {
namespace {

using pcapng::Result;

constexpr uint64_t kPauseNs = 100'000'000;

}  // namespace

Result<ProcStat> ProcessTable::read_stat(uint32_t pid) const {
    return reader_ ? reader_->stat(pid) : procfs_.stat(pid);
}

Result<ProcProcess> ProcessTable::read_process(uint32_t pid) const {
    return reader_ ? reader_->read(pid) : procfs_.read(pid);
}

Result<ProcTitle> ProcessTable::read_title(uint32_t pid) const {
    return reader_ ? reader_->title(pid) : procfs_.title(pid);
}

Result<ProcAddresses> ProcessTable::read_addresses(const Entry& entry) const {
    auto seen = reader_ ? reader_->addresses(entry.own_pid) : procfs_.addresses(entry.own_pid);
    if (seen && seen->stat.start_ticks != entry.key.start_ticks) {
        return pcapng::errno_error("read a process", ESRCH);
    }
    return seen;
}

Result<ProcStat> ProcessTable::stat_of(uint32_t number) const {
    const auto found = by_number_.find(number);
    if (found == by_number_.end() || found->second->exited) {
        return pcapng::errno_error("read a process", ESRCH);
    }
    const Entry& entry = *found->second;
    if (entry.own_pid == 0) {
        return pcapng::errno_error("read a process of another PID namespace", ENOENT);
    }
    auto stat = read_stat(entry.own_pid);
    if (stat && stat->start_ticks != entry.key.start_ticks) {
        return pcapng::errno_error("read a process", ESRCH);
    }
    return stat;
}

// Reads the process into `seen` if /proc still shows the same one.
ProcessTable::Fate ProcessTable::read_same(const Entry& entry, ProcProcess& seen) const {
    if (entry.own_pid == 0) {
        return Fate::kUnknown;
    }
    Result<ProcProcess> answer = read_process(entry.own_pid);
    if (!answer) {
        return answer.error().code == ESRCH ? Fate::kEnded : Fate::kUnknown;
    }
    if (answer->stat.start_ticks != entry.key.start_ticks) {
        return Fate::kEnded;
    }
    seen = *std::move(answer);
    return Fate::kSame;
}

// Replaces what is known by what /proc shows, or marks the process as ended.
ProcessTable::Fate ProcessTable::refresh(Entry& entry) {
    ProcProcess seen;
    const Fate fate = read_same(entry, seen);
    if (fate == Fate::kSame) {
        fill(entry, std::move(seen));
        entry.freshness.confirmed(lost_mono_);
    } else if (fate == Fate::kEnded) {
        mark_exited(entry);
    }
    return fate;
}

void ProcessTable::fill(Entry& entry, ProcProcess&& seen) {
    Process& process = entry.process;
    bool changed = set_user(entry, seen.status.uid, seen.status.gid);
    if (!seen.cgroup.empty()) {
        changed =
            set_cgroup(entry, cgroups_.id(seen.cgroup), cgroups_.from_root(seen.cgroup)) || changed;
    }
    const auto take = [&changed](auto& to, auto&& from) {
        changed = changed || to != from;
        to = std::forward<decltype(from)>(from);
    };
    take(process.comm, std::move(seen.stat.comm));
    take(process.nspid, seen.status.nspid);
    // A process that is about to exit has none of these any more. That is not a change.
    const bool sure = is_up_to_date(entry);
    // Of a program whose exec was seen, the event's device stays: stat(2) can tell another one.
    if (!sure || (!seen.exe.empty() && (seen.exe != process.exe || process.exe_inode == 0))) {
        take(process.exe, std::move(seen.exe));
        take(process.exe_device, std::move(seen.exe_device));
        take(process.exe_inode, seen.exe_inode);
        take(process.mntns, foreign_mntns(seen.mntns));
    }
    if (!sure || !seen.cmdline.empty()) {
        take(process.cmdline, std::move(seen.cmdline));
    }
    if (seen.netns != 0) {
        take(process.netns, seen.netns);
    }
    if (!process.ppid && seen.stat.ppid != 0) {
        process.ppid = seen.stat.ppid;
    }
    if (changed) {
        note_version(entry);
    }
}

// Completes an entry that an event created. Keeps what the event said.
void ProcessTable::fill_gaps(Entry& entry) {
    ProcProcess seen;
    if (entry.exited || read_same(entry, seen) != Fate::kSame) {
        return;
    }
    Process& process = entry.process;
    const auto take = [](auto& to, auto&& from) {
        if (to == std::decay_t<decltype(to)>{}) {
            to = std::forward<decltype(from)>(from);
        }
    };
    take(process.exe, std::move(seen.exe));
    take(process.exe_device, std::move(seen.exe_device));
    take(process.exe_inode, seen.exe_inode);
    take(process.mntns, foreign_mntns(seen.mntns));
    take(process.cmdline, std::move(seen.cmdline));
    take(process.nspid, seen.status.nspid);
    take(process.netns, seen.netns);
    if (process.cgroup.empty() && !seen.cgroup.empty()) {
        set_cgroup(entry, cgroups_.id(seen.cgroup), cgroups_.from_root(seen.cgroup));
    }
}

// Returns true if what is known of a live process holds: no event was lost since, or /proc confirms
// it.
bool ProcessTable::is_believed(Entry& entry) {
    return is_up_to_date(entry) || refresh(entry) == Fate::kSame;
}

// Call this if an exec may have been missed. Refreshes the process from /proc. If /proc doesn't
// show it any more, sets its name to `comm` and clears the rest that an exec would have changed.
void ProcessTable::settle_doubt(Entry& entry, std::string comm) {
    if (entry.exited || refresh(entry) != Fate::kSame) {
        Process& process = entry.process;
        process.comm = std::move(comm);
        process.exe.clear();
        process.exe_device.clear();
        process.exe_inode = 0;
        process.mntns = 0;
        process.cmdline.clear();
        note_version(entry);
    }
    entry.freshness.doubt_settled(lost_mono_);
}

bool ProcessTable::agrees(const Entry& entry, const pidcap_owner& owner) {
    return owner.uid == entry.process.uid && owner.gid == entry.process.gid &&
           has_cgroup_of(entry, owner);
}

// There are no events for a change of user, group or cgroup. A packet's owner shows one, but an
// owner is as old as the last use of its socket, so if it contradicts the entry, /proc decides. A
// process that uses sockets of different ages causes contradictions all the time, so /proc isn't
// read again at once for the same owner.
void ProcessTable::reconcile(Entry& entry, const pidcap_owner& owner) {
    if (agrees(entry, owner)) {
        return;
    }
    if (entry.checked_mono != 0 && entry.checked_uid == owner.uid &&
        entry.checked_gid == owner.gid && entry.checked_cgroup == owner.cgroup_id &&
        now_mono_ < entry.checked_mono + kPauseNs) {
        return;
    }
    entry.checked_mono = std::max<uint64_t>(now_mono_, 1);
    entry.checked_uid = owner.uid;
    entry.checked_gid = owner.gid;
    entry.checked_cgroup = owner.cgroup_id;

    ProcProcess seen;
    bool changed = false;
    if (!entry.exited && read_same(entry, seen) == Fate::kSame) {
        changed = set_user(entry, seen.status.uid, seen.status.gid);
        if (!seen.cgroup.empty()) {
            changed =
                set_cgroup(entry, cgroups_.id(seen.cgroup), cgroups_.from_root(seen.cgroup)) ||
                changed;
        }
    } else {  // the process is gone from /proc
        changed = set_user(entry, owner.uid, owner.gid);
        if (!has_cgroup_of(entry, owner)) {
            changed = set_cgroup(entry, owner.cgroup_id, {}) || changed;
        }
    }
    if (changed) {
        note_version(entry);
    }
}

void ProcessTable::events_lost(uint64_t now_mono) {
    ++changes_;
    lost_mono_ = now_mono;
    in_doubt_ = to_check_.size();
}

void ProcessTable::expire(uint64_t now_mono) {
    now_mono_ = std::max(now_mono_, now_mono);
    // One pause less, because an event is handed over some time after it happened.
    complete_mono_ = std::max(complete_mono_, expired_mono_ - std::min(expired_mono_, kPauseNs));
    expired_mono_ = now_mono_;
    if (now_mono_ < next_check_mono_) {
        return;
    }
    next_check_mono_ = now_mono_ + kPauseNs;
    check_some();
    recheck_due();
    take_late_names();
    forget_exited(now_mono_);
}

// Names of users and containers that weren't known when the processes were first seen.
void ProcessTable::take_late_names() {
    for (const uint32_t uid : users_.take_late()) {
        for (auto& [key, entry] : entries_) {
            const bool is_named_here = entry.process.pidns == 0;
            if (entry.process.uid == uid && entry.process.user.empty() && is_named_here) {
                entry.process.user = users_.name(uid);
                note_version(entry);
            }
        }
    }
    for (const std::string& container : containers_.take_late()) {
        for (auto& [key, entry] : entries_) {
            Process& process = entry.process;
            if (!process.container.empty() && ContainerNames::key_of(process.cgroup) == container) {
                name_container(process);
                note_version(entry);
                if (entry.has_packets) {
                    name_addresses(entry);
                }
            }
        }
    }
}

void ProcessTable::forget_exited(uint64_t now_mono) {
    while (!exited_.empty()) {
        const bool too_many = exited_.size() > options_.max_exited;
        const auto found = entries_.find(exited_.front());
        Entry& entry = found->second;  // an exited process is in the queue exactly once
        if (!too_many && entry.exit_mono + options_.grace_ns > now_mono) {
            return;
        }
        const ProcessKey key = exited_.front();
        exited_.pop_front();
        ++changes_;
        if (entry.used && !too_many) {
            entry.used = false;
            entry.exit_mono = now_mono;
            exited_.push_back(key);
        } else {
            if (watcher_ != nullptr) {
                watcher_->forgotten(entry.process, entry.start_boot);
            }
            if (recent(found->first.pid) == &found->second) {
                recent(found->first.pid) = nullptr;
            }
            by_number_.erase(entry.process.number);
            entries_.erase(found);
        }
    }
}

// An exit event may be lost, so live processes are checked in turn: all of them within some
// minutes, or within seconds after a loss.
void ProcessTable::check_some() {
    // When most of the list are ended processes, they are removed at once, so that its size stays
    // in proportion to that of the live ones.
    if (to_check_.size() > 2 * live_.size() + 1024) {
        std::erase_if(to_check_, [this](const ProcessKey& key) {
            const Entry* entry = find_entry(key);
            return entry == nullptr || entry->exited;
        });
        in_doubt_ = std::min(in_doubt_, to_check_.size());
    }
    const size_t usual = std::max<size_t>(16, to_check_.size() / 1024);
    const size_t hurried = std::max<size_t>(128, to_check_.size() / 64);
    size_t left = std::min(in_doubt_ > 0 ? hurried : usual, to_check_.size());
    for (; left > 0; --left) {
        const ProcessKey key = to_check_.front();
        to_check_.pop_front();
        in_doubt_ -= in_doubt_ > 0 ? 1 : 0;
        Entry* entry = find_entry(key);
        if (entry == nullptr || entry->exited) {
            continue;
        }
        if (has_ended(*entry)) {
            mark_exited(*entry);
        } else {
            to_check_.push_back(key);
        }
    }
}

}  // namespace capture
