// SPDX-License-Identifier: GPL-2.0-only
//
// The part of ProcessTable that translates pids, in a PID namespace of its own: /proc has the pids
// of that namespace, everything that comes from the kernel those of the initial one. A pid may be
// another process's by the time of the question, so an answer is used only if the start fits.
#include <cerrno>

#include "capture/processes/process_table.h"

namespace capture {

// Returns the key of a process that /proc shows, or nothing if it has ended.
std::optional<ProcessKey> ProcessTable::key_in_kernel(uint32_t own_pid,
                                                      uint64_t start_ticks) const {
    if (!is_translated()) {
        return ProcessKey{own_pid, start_ticks};
    }
    const auto found = pids_->by_own(own_pid);
    if (!found || found->own_tgid != own_pid || clock_.ticks(found->start_boot) != start_ticks) {
        return std::nullopt;
    }
    return key_of(found->tgid, found->start_boot);
}

// Returns the pid in /proc of an owner that the table doesn't know, or 0 if it isn't there or has
// ended.
uint32_t ProcessTable::own_pid_of(const pidcap_owner& owner) const {
    if (!is_translated()) {
        return owner.tgid;
    }
    const auto found = pids_->by_host(owner.tgid);
    return found && found->tgid == owner.tgid && found->start_boot == owner.start_boot
               ? found->own_tgid
               : 0;
}

// Call it while the child lives: its parent does, too, if it is still that.
ProcessTable::Pids ProcessTable::pids_of_parent(uint32_t own_ppid) const {
    if (!is_translated() || own_ppid == 0) {
        return {own_ppid, own_ppid};
    }
    const auto found = pids_->by_own(own_ppid);
    return {found ? found->tgid : 0, own_ppid};
}

bool ProcessTable::has_ended(const Entry& entry) const {
    if (entry.own_pid == 0) {
        const auto found = pids_->by_host(entry.key.pid);
        return !found || found->start_boot != entry.start_boot;
    }
    const pcapng::Result<ProcStat> seen = read_stat(entry.own_pid);
    return seen ? seen->start_ticks != entry.key.start_ticks : seen.error().code == ESRCH;
}

std::optional<pidcap_owner> ProcessTable::as_in_kernel(const pidcap_owner& owner) const {
    if (!is_translated() || owner.tgid == 0) {
        return owner;
    }
    const auto found = pids_->by_own(owner.tgid);
    if (!found || found->own_tgid != owner.tgid ||
        clock_.ticks(found->start_boot) != clock_.ticks(owner.start_boot)) {
        return std::nullopt;
    }
    pidcap_owner translated = owner;
    translated.tgid = translated.tid = found->tgid;
    translated.start_boot = found->start_boot;
    return translated;
}

uint32_t ProcessTable::thread_of(const Process& process, const pidcap_owner& owner) const {
    if (!is_translated() || process.pidns != 0 || owner.tid == 0) {
        return owner.tid;
    }
    if (owner.tid == owner.tgid) {
        return process.pid;
    }
    const auto found = pids_->by_host(owner.tid);
    return found && found->tgid == owner.tgid ? found->own_tid : 0;
}

const Process* ProcessTable::find_live(uint32_t pid) const {
    if (!is_translated()) {
        const auto found = live_.find(pid);
        return found != live_.end() ? &found->second->process : nullptr;
    }
    const Entry* latest = nullptr;
    for (const auto& [host_pid, entry] : live_) {
        if (entry->own_pid == pid && (latest == nullptr || is_younger(*entry, *latest))) {
            latest = entry;
        }
    }
    return latest != nullptr ? &latest->process : nullptr;
}

}  // namespace capture
