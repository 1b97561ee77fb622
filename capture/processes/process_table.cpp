// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/process_table.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

#include "capture/processes/container.h"
#include "capture/processes/exec_payload.h"

namespace capture {
namespace {

using pcapng::Result;

std::string text_of(const char (&comm)[PIDCAP_COMM_LEN]) {
    return {comm, strnlen(comm, sizeof(comm))};
}

// Returns true if `known` are the last components of the path `whole`.
bool ends_with_components(const std::string& whole, const std::string& known) {
    return known.empty() || (whole.size() > known.size() && whole.ends_with(known) &&
                             whole[whole.size() - known.size() - 1] == '/');
}

}  // namespace

ProcessTable::ProcessTable(ProcessTableOptions options, ProcFs procfs, uint32_t pid_namespace,
                           CgroupTree cgroups, UserNames users, ContainerNames containers)
    : options_(std::move(options)),
      procfs_(std::move(procfs)),
      cgroups_(std::move(cgroups)),
      users_(std::move(users)),
      containers_(std::move(containers)),
      initial_mntns_(procfs_.initial_mntns()),
      pid_namespace_(pid_namespace),
      clock_(BootClock::sample(options_.proc_root)) {
    if (options_.names_addresses) {
        addresses_.emplace(procfs_);
    }
}

Result<ProcessTable> ProcessTable::open(const ProcessTableOptions& options, CgroupTree cgroups) {
    Result<ProcFs> procfs = ProcFs::open(options.proc_root);
    if (!procfs) {
        return std::move(procfs).error();
    }
    Result<uint32_t> pid_namespace = procfs->pid_namespace();
    if (!pid_namespace) {
        return std::move(pid_namespace).error();
    }
    Result<UserNames> users =
        options.looks_up_names ? UserNames::open(options.helper_user) : UserNames();
    if (!users) {
        return std::move(users).error();
    }
    Result<ContainerNames> containers =
        options.looks_up_names ? ContainerNames::open(options.helper_user, options.proc_root)
                               : ContainerNames();
    if (!containers) {
        return std::move(containers).error();
    }
    return ProcessTable(options, *std::move(procfs), *pid_namespace, std::move(cgroups),
                        *std::move(users), *std::move(containers));
}

void ProcessTable::read_by(ProcReader reader) {
    reader_ = std::make_shared<const ProcReader>(std::move(reader));
    cgroups_.ask([reader = reader_](uint64_t id) { return reader->cgroup_path(id); });
}

Result<void> ProcessTable::scan() {
    const Result<std::vector<uint32_t>> pids = procfs_.pids();
    if (!pids) {
        return pids.error();
    }
    for (const uint32_t pid : *pids) {
        Result<ProcProcess> seen = procfs_.read(pid);
        const std::optional<ProcessKey> key =
            seen ? key_in_kernel(pid, seen->stat.start_ticks) : std::nullopt;
        if (key) {  // otherwise it has ended meanwhile
            fill(insert(*key, pid), *std::move(seen));
        }
    }
    for (const auto& [pid, entry] : live_) {
        if (entry->parent.pid == 0) {
            set_parent(*entry, pids_of_parent(entry->process.ppid.value_or(0)));
        }
    }
    return {};
}

const Process* ProcessTable::apply(const pidcap_event& event, std::span<const std::byte> payload) {
    now_mono_ = std::max(now_mono_, uint64_t{event.time_mono});
    if (event.tgid == 0) {
        return nullptr;
    }
    ++changes_;
    if (event.more != 0) {
        note_unreported(event);
    }
    switch (event.type) {
        case PIDCAP_EVENT_FORK:
            return &apply_fork(event).process;
        case PIDCAP_EVENT_EXEC: {
            Entry& entry = entry_of(event);
            apply_exec(entry, event, payload);
            return &entry.process;
        }
        case PIDCAP_EVENT_NETNS:
            if (event.tid != event.tgid) {
                break;  // concerns one thread only
            }
            [[fallthrough]];
        case PIDCAP_EVENT_RENAME: {
            Entry& entry = entry_of(event);
            if (event.type == PIDCAP_EVENT_RENAME) {
                entry.freshness.renamed(event.time_mono, event.in_exec != 0);
            } else {
                entry.freshness.moved_to_netns(event.time_mono);
            }
            if (set_identity(entry, event)) {
                note_version(entry);
            }
            return &entry.process;
        }
        case PIDCAP_EVENT_EXIT: {
            Entry& entry = entry_of(event);
            notice_missed_exec(entry, event.comm);
            entry.freshness.ended(lost_mono_);
            mark_exited(entry);
            return &entry.process;
        }
        default:
            break;
    }
    return nullptr;
}

// `comm` is the process's name at some time after its fork.
void ProcessTable::notice_missed_exec(Entry& entry, const char (&comm)[PIDCAP_COMM_LEN]) {
    if (std::string_view(comm, strnlen(comm, sizeof(comm))) != entry.process.comm) {
        entry.freshness.name_differs();
    }
}

// A new process inherits its executable and command line from the process that called fork, and its
// comm from the thread that did. event.ppid is usually that process, but not after CLONE_PARENT,
// which runc uses. So if the comm differs from the parent's, which may also be because a thread has
// its own name, /proc is read for the child itself.
ProcessTable::Entry& ProcessTable::apply_fork(const pidcap_event& event) {
    const ProcessKey key = key_of(event.tgid, event.start_boot);
    if (Entry* known = match(key)) {
        // scan() or find() saw this process before its fork event came, maybe after an exec whose
        // event is still to come. What they saw must be kept.
        if (known->parent.pid == 0) {
            const std::optional<uint32_t> before = known->process.ppid;
            set_parent(*known, {event.ppid, event.own_ppid});
            if (known->process.ppid != before) {
                note_version(*known);
            }
        }
        return *known;
    }
    Entry& child = insert(key, event.own_tgid);
    child.freshness.forked(event.time_mono);
    set_identity(child, event);
    const Entry* parent = set_parent(child, {event.ppid, event.own_ppid});
    // Of a parent outside of the PID namespace, perhaps nothing is known that could be inherited.
    const bool is_known =
        parent != nullptr && (parent->own_pid != 0 || !parent->process.exe.empty());
    if (is_known && parent->process.comm == child.process.comm) {
        inherit(child, *parent);
    } else {
        fill_gaps(child);
    }
    return child;
}

void ProcessTable::apply_exec(Entry& entry, const pidcap_event& event,
                              std::span<const std::byte> payload) {
    ExecPayload decoded = decode_exec_payload(event, payload);
    set_identity(entry, event);
    entry.freshness.executed(event.time_mono);
    Process& process = entry.process;
    process.exe = std::move(decoded.exe);
    process.exe_device = std::move(decoded.exe_device);
    process.exe_inode = event.exe_inode;
    process.mntns = foreign_mntns(event.mntns);
    process.cmdline = std::move(decoded.cmdline);
    note_version(entry);
    if ((decoded.exe_complete && decoded.cmdline_complete) || entry.exited) {
        return;
    }
    // What was cut off can be read from /proc, unless the process has executed another program
    // since: then the two wouldn't match.
    ProcProcess seen;
    if (read_same(entry, seen) == Fate::kSame && seen.stat.comm == process.comm &&
        ends_with_components(seen.exe, process.exe.substr(process.exe.starts_with('/') ? 1 : 0))) {
        std::string cut = process.cmdline;
        if (!cut.empty()) {
            cut.pop_back();  // the NUL may be where the text was cut
        }
        if (!decoded.exe_complete) {
            process.exe = std::move(seen.exe);
        }
        if (!decoded.cmdline_complete && seen.cmdline.starts_with(cut)) {
            process.cmdline = std::move(seen.cmdline);
        }
    }
}

// Returns the process of an event. Creates it from the event if it is not known.
ProcessTable::Entry& ProcessTable::entry_of(const pidcap_event& event) {
    const ProcessKey key = key_of(event.tgid, event.start_boot);
    if (Entry* known = match(key)) {
        return *known;
    }
    Entry& entry = insert(key, event.own_tgid);
    entry.freshness.first_seen(event.time_mono);
    set_identity(entry, event);
    set_parent(entry, {event.ppid, event.own_ppid});
    if (event.type == PIDCAP_EVENT_RENAME) {
        // Only here: an exec event has its own data, and after an exit there is nothing to read.
        fill_gaps(entry);
    }
    return entry;
}

void ProcessTable::note_version(Entry& entry) {
    ++entry.process.version;
    ++changes_;
    if (watcher_ != nullptr) {
        watcher_->changed(entry.process);
    }
}

std::optional<uint64_t> ProcessTable::settled(const Process& process) const {
    const auto found = by_number_.find(process.number);
    if (found == by_number_.end() || !is_up_to_date(*found->second)) {
        return std::nullopt;
    }
    return found->second->freshness.last_change();
}

// Returns true if something changed.
bool ProcessTable::set_identity(Entry& entry, const pidcap_event& event) {
    Process& process = entry.process;
    bool changed = set_user(entry, event.uid, event.gid);
    if (event.cgroup_id != 0 && event.cgroup_id != entry.cgroup_id) {
        changed = set_cgroup(entry, event.cgroup_id, {}) || changed;
    }
    if (event.netns != 0 && event.netns != process.netns) {
        process.netns = event.netns;
        changed = true;
    }
    if (event.nspid != 0 && event.nspid != process.nspid) {
        process.nspid = event.nspid;
        changed = true;
    }
    if (std::string comm = text_of(event.comm); comm != process.comm) {
        process.comm = std::move(comm);
        changed = true;
    }
    return changed;
}

// Records the parent. Returns its entry, or null if there is none that can be believed. A process
// of /proc whose parent isn't there has none, as /proc shows it.
ProcessTable::Entry* ProcessTable::set_parent(Entry& entry, const Pids& parent) {
    const uint32_t own = is_translated() ? parent.own : parent.host;
    const uint32_t ppid = entry.own_pid != 0 ? own : parent.host;
    entry.process.ppid = ppid != 0 ? std::optional(ppid) : std::nullopt;
    if (parent.host == 0) {
        return nullptr;
    }
    // A parent is never younger than its child. If this process is, it has reused the parent's pid.
    Entry* known = live_entry(parent.host);
    if (known != nullptr && known != &entry && is_believed(*known) && !is_younger(*known, entry)) {
        entry.parent = known->key;
        entry.process.parent_comm = ppid != 0 ? known->process.comm : std::string();
        return known;
    }
    const Result<ProcStat> seen =
        own != 0 ? read_stat(own) : Result<ProcStat>(Error{"not in /proc", ESRCH});
    if (seen && seen->start_ticks <= entry.key.start_ticks) {
        entry.parent = {parent.host, seen->start_ticks};
        entry.process.parent_comm = seen->comm;
    }
    return nullptr;
}

void ProcessTable::inherit(Entry& child, const Entry& parent) {
    const Process& from = parent.process;
    Process& to = child.process;
    to.exe = from.exe;
    to.exe_device = from.exe_device;
    to.exe_inode = from.exe_inode;
    to.mntns = from.mntns;
    to.cmdline = from.cmdline;
    if (to.netns == 0) {
        to.netns = from.netns;
    }
    if (child.cgroup_id == 0 || (child.cgroup_id == parent.cgroup_id && to.cgroup.empty())) {
        child.cgroup_id = parent.cgroup_id;
        to.cgroup = from.cgroup;
        to.container = from.container;
        to.container_name = from.container_name;
        to.container_image = from.container_image;
        to.pod_name = from.pod_name;
        to.pod_namespace = from.pod_namespace;
        to.unit = from.unit;
    }
}

const Process* ProcessTable::find(const pidcap_owner& owner) {
    if (owner.tgid == 0) {
        return nullptr;
    }
    Entry* entry = match(owner);
    const bool is_new = entry == nullptr;
    if (is_new) {
        entry = &insert(key_of(owner.tgid, owner.start_boot), own_pid_of(owner));
        entry->process.comm = text_of(owner.comm);
        set_user(*entry, owner.uid, owner.gid);
        set_cgroup(*entry, owner.cgroup_id, {});
        if (!entry->exited && refresh(*entry) == Fate::kSame) {
            set_parent(*entry, pids_of_parent(entry->process.ppid.value_or(0)));
        }
    } else {
        if (owner.start_boot == entry->start_boot) {
            notice_missed_exec(*entry, owner.comm);
        }
        if (!is_up_to_date(*entry)) {
            settle_doubt(*entry, text_of(owner.comm));
        }
    }
    reconcile(*entry, owner);
    if (!entry->has_packets) {
        note_first_packet(*entry, is_new);
        name_addresses(*entry);
    }
    entry->used = true;
    return &entry->process;
}

bool ProcessTable::is_settled_for(const Process& process, const pidcap_owner& owner) const {
    const auto found = by_number_.find(process.number);
    if (found == by_number_.end()) {
        return false;
    }
    const Entry& entry = *found->second;
    // A thread's number can be another one's before the table hears of anything.
    const bool is_thread_asked_for = is_translated() && owner.tid != 0 && owner.tid != owner.tgid;
    return entry.key.pid == owner.tgid && entry.start_boot != 0 &&
           entry.start_boot == owner.start_boot && entry.used && entry.has_packets &&
           is_up_to_date(entry) && agrees(entry, owner) && !is_thread_asked_for;
}

const Process* ProcessTable::find_known(const pidcap_process& process) {
    const Entry* entry =
        process.tgid != 0 ? match(key_of(process.tgid, process.start_boot)) : nullptr;
    return entry != nullptr ? &entry->process : nullptr;
}

std::optional<pidcap_owner> ProcessTable::owner_of(uint32_t number) const {
    const auto found = by_number_.find(number);
    if (found == by_number_.end() || found->second->exited) {
        return std::nullopt;
    }
    const Entry& entry = *found->second;
    const Process& process = entry.process;
    if (!process.uid || !process.gid) {
        return std::nullopt;
    }
    pidcap_owner owner{};
    owner.start_boot =
        entry.start_boot != 0 ? entry.start_boot : clock_.start_boot(entry.key.start_ticks);
    owner.cgroup_id = entry.cgroup_id;
    owner.tgid = owner.tid = entry.key.pid;
    owner.uid = *process.uid;
    owner.gid = *process.gid;
    process.comm.copy(owner.comm, sizeof(owner.comm));
    return owner;
}

const Process* ProcessTable::find(const ProcessKey& key) const {
    if (key.start_boot != 0) {
        const auto found = entries_.find(key);
        return found != entries_.end() ? &found->second.process : nullptr;
    }
    const auto next = entries_.lower_bound({key.pid, key.start_ticks + 1, 0});
    if (next == entries_.begin()) {
        return nullptr;
    }
    const Entry& last = std::prev(next)->second;
    const bool fits = last.key.pid == key.pid && last.key.start_ticks == key.start_ticks;
    return fits ? &last.process : nullptr;
}

bool ProcessTable::has_process_in(uint32_t netns) const {
    return std::any_of(live_.begin(), live_.end(),
                       [netns](const auto& live) { return live.second->process.netns == netns; });
}

std::optional<packet::Ancestry::Parent> ProcessTable::parent_of(const Process& process) {
    const auto found = by_number_.find(process.number);
    const std::optional<packet::ParentRecord> recorded = packet::recorded_parent(process);
    if (found == by_number_.end() || !recorded) {
        return std::nullopt;
    }
    return Parent{*recorded, find(found->second->parent)};
}

void ProcessTable::for_each(const std::function<void(const Process&)>& visit) const {
    for (const auto& [key, entry] : entries_) {
        visit(entry.process);
    }
}

// A start exactly on a tick was rounded down to it: only one exact start in 10,000,000 falls on a
// tick by chance.
ProcessKey ProcessTable::key_of(uint32_t pid, uint64_t start_boot) const {
    const uint64_t ticks = clock_.ticks(start_boot);
    return {pid, ticks, start_boot == clock_.start_boot(ticks) ? 0 : start_boot};
}

ProcessTable::Entry* ProcessTable::find_entry(const ProcessKey& key) {
    const auto found = entries_.find(key);
    return found != entries_.end() ? &found->second : nullptr;
}

// Returns the entry of the process that `key` means. If the key or the entry has no exact start, it
// can be any process of that tick: the latest that fits is taken. The first key with an exact start
// sets that of the entry.
ProcessTable::Entry* ProcessTable::match(const ProcessKey& key) {
    Entry* unsure = nullptr;
    for (auto at = entries_.lower_bound({key.pid, key.start_ticks, 0});
         at != entries_.end() && at->first.pid == key.pid &&
         at->first.start_ticks == key.start_ticks;
         ++at) {
        Entry& entry = at->second;
        if (entry.start_boot == key.start_boot && key.start_boot != 0) {
            return &entry;
        }
        if (entry.start_boot == 0 || key.start_boot == 0) {
            unsure = &entry;
        }
    }
    if (unsure != nullptr && key.start_boot != 0) {
        unsure->start_boot = key.start_boot;
    }
    return unsure;
}

// No two entries have the same pid and the same exact start.
ProcessTable::Entry* ProcessTable::match(const pidcap_owner& owner) {
    Entry*& entry = recent(owner.tgid);
    if (entry == nullptr || entry->key.pid != owner.tgid || entry->start_boot == 0 ||
        entry->start_boot != owner.start_boot) {
        entry = match(key_of(owner.tgid, owner.start_boot));
    }
    return entry;
}

ProcessTable::Entry* ProcessTable::live_entry(uint32_t pid) {
    const auto found = live_.find(pid);
    return found != live_.end() ? found->second : nullptr;
}

// Returns the entry of a key. A new entry counts as alive, unless a younger process has its pid
// already. Its pid in /proc is `own_pid`; 0: none, or not known.
ProcessTable::Entry& ProcessTable::insert(const ProcessKey& key, uint32_t own_pid) {
    const auto [at, is_new] = entries_.try_emplace(key);
    Entry& entry = at->second;
    if (!is_new) {
        return entry;
    }
    ++changes_;
    entry.key = key;
    entry.process.number = next_number_++;
    entry.own_pid = is_translated() ? own_pid : key.pid;
    entry.process.pid = entry.own_pid != 0 ? entry.own_pid : key.pid;
    if (is_translated()) {
        entry.process.host_pid = key.pid;
        entry.process.pidns = entry.own_pid != 0 ? 0 : kInitialPidNamespace;
    }
    by_number_[entry.process.number] = &entry;
    entry.start_boot = key.start_boot;
    entry.process.start_ns = clock_.since_epoch(key.start_ticks);
    if (key.start_boot != 0) {
        entry.process.start_ns += key.start_boot - clock_.start_boot(key.start_ticks);
    }
    entry.process.version = 1;
    entry.freshness.first_seen(lost_mono_);
    Entry* other = live_entry(key.pid);
    if (other != nullptr && is_younger(*other, entry)) {
        mark_exited(entry);
        return entry;
    }
    if (other != nullptr) {
        mark_exited(*other);  // its exit event was lost
    }
    live_[key.pid] = &entry;
    to_check_.push_back(key);
    return entry;
}

// Compares the starts as exactly as they are known.
bool ProcessTable::is_younger(const Entry& one, const Entry& other) {
    const uint64_t ticks = one.key.start_ticks;
    if (ticks != other.key.start_ticks) {
        return ticks > other.key.start_ticks;
    }
    return one.start_boot != 0 && other.start_boot != 0 && one.start_boot > other.start_boot;
}

void ProcessTable::mark_exited(Entry& entry) {
    if (entry.exited) {
        return;
    }
    ++changes_;
    entry.exited = true;
    entry.exit_mono = now_mono_;
    entry.used = false;
    exited_.push_back(entry.key);
    const auto live = live_.find(entry.key.pid);
    if (live != live_.end() && live->second == &entry) {
        live_.erase(live);
    }
}

bool ProcessTable::set_user(Entry& entry, uint32_t uid, uint32_t gid) {
    Process& process = entry.process;
    const bool changed = process.uid != uid || process.gid != gid;
    ++changes_;
    process.uid = uid;
    process.gid = gid;
    // Outside of a container's PID namespace, users have the host's names, which aren't known here.
    process.user = process.pidns == 0 ? users_.name(uid) : std::string();
    return changed;
}

// If `path` is empty, it is looked up by the id.
bool ProcessTable::set_cgroup(Entry& entry, uint64_t id, const std::string& path) {
    ++changes_;
    entry.cgroup_id = id;
    const std::string& known = path.empty() ? cgroups_.path(id) : path;
    if (known == entry.process.cgroup) {
        return false;
    }
    entry.process.cgroup = known;
    entry.process.container = container_of(known);
    entry.process.unit = unit_of(known);
    name_container(entry.process);
    return true;
}

// At its first packet a container's interfaces are set up, as they needn't be when it starts.
void ProcessTable::name_addresses(Entry& entry) {
    if (!addresses_ || entry.exited || entry.own_pid == 0) {
        return;
    }
    Process& process = entry.process;
    auto addresses = addresses_->find(process, now_mono_, [&] { return read_addresses(entry); });
    if (addresses != nullptr && addresses != process.container_addresses) {
        process.container_addresses = std::move(addresses);
        note_version(entry);
    }
}

void ProcessTable::name_container(Process& process) {
    const ContainerFacts facts =
        process.container.empty() ? ContainerFacts() : containers_.find(process.cgroup);
    process.container_name = facts.name;
    process.container_image = facts.image;
    process.pod_name = facts.pod;
    process.pod_namespace = facts.pod_namespace;
}

}  // namespace capture
