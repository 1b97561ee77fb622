// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessTable: the processes that live, and those that ended recently. scan() fills it; then it
// takes the kernel's events in the order of their time. A look-up between two events sees each
// process as it was at that time.
//
// A process is identified by its pid and its start time in nanoseconds, because a pid can be reused
// within one clock tick. /proc is read only to complete or to check a process, and used only if it
// shows the same start time in ticks.
//
// In a PID namespace of its own the table identifies processes by the kernel's numbers, too, and
// asks the kernel which process of /proc has which (KernelPids). Processes outside of that
// namespace are known by what the kernel's programs tell of them.
//
// No event says that a process has overwritten its command line (setproctitle). So it is read again
// when a process has its first packet, and then at growing distances as long as the process lives.
//
// Owns its processes: pointers that it returns are valid until the next expire(). One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "bpf/contract.h"
#include "capture/containers/container_addresses.h"
#include "capture/containers/container_names.h"
#include "capture/packet_types.h"
#include "capture/processes/boot_clock.h"
#include "capture/processes/cgroup.h"
#include "capture/processes/freshness.h"
#include "capture/processes/kernel_pids.h"
#include "capture/processes/proc_reader.h"
#include "capture/processes/process_key.h"
#include "capture/processes/procfs.h"
#include "capture/processes/user_names.h"
#include "packet/filter/ancestry.h"

namespace capture {

struct ProcessTableOptions {
    std::string proc_root = "/proc";
    bool looks_up_names = true;    // of users and containers, by processes that do that
    bool names_addresses = false;  // Process::container_addresses
    // As whom they do; none: as this process's user.
    std::optional<UserIds> helper_user = {};
    // How long a process is kept after its end and its last packet. The default is the 60 s of
    // TIME_WAIT (TCP_TIMEWAIT_LEN), in which the kernel still answers for the process's
    // connections.
    uint64_t grace_ns = 60'000'000'000;
    // The most ended processes that are kept. Beyond it, those that ended first are forgotten
    // first, even within the grace time.
    size_t max_exited = 8192;
};

// Is called at once when what was known of a process no longer holds.
class ProcessWatcher {
  public:
    virtual ~ProcessWatcher() = default;
    // Called when the process's version has increased.
    virtual void changed(const Process& process) = 0;
    // Called when the table forgets an ended process. `start_boot` is its start as exactly as it is
    // known.
    virtual void forgotten(const Process& process, uint64_t start_boot) = 0;
};

// Returns the time (mono) of a process's last change that the kernel recorded (`changes` of
// bpf/verdict.h), or 0 if there was none. It is recorded before the event can be read.
using LastChange = std::function<uint64_t(const pidcap_process& process)>;

class ProcessTable : public packet::Ancestry {
  public:
    // If `cgroups` is a CgroupTree(), cgroup paths come from /proc alone. Returns an error if /proc
    // can't be used.
    static pcapng::Result<ProcessTable> open(const ProcessTableOptions& options,
                                             CgroupTree cgroups);

    // `watcher` must outlive the table.
    void watch(ProcessWatcher& watcher) { watcher_ = &watcher; }

    // By this the table knows whether /proc may show more than the events up to now: without it,
    // it takes every event as handed over already.
    void ask_kernel(LastChange last_change) { last_change_ = std::move(last_change); }

    // Returns the inode number of the PID namespace that /proc shows; 0: the initial one.
    uint32_t pid_namespace() const { return pid_namespace_; }
    // In another PID namespace than the initial one, call it before scan(). `pids` must outlive the
    // table.
    void translate_by(const KernelPids& pids) { pids_ = &pids; }

    // From here on `reader` reads /proc and paths of cgroups, so that this process needs no right
    // to.
    void read_by(ProcReader reader);

    // Reads all of /proc. Call it after the programs that report events are attached, so that no
    // process is missed in between.
    pcapng::Result<void> scan();

    // Applies one event with the bytes that follow it. Returns the process as it is afterwards, or
    // null if the event names none. Of a malformed event, the valid parts are used.
    const Process* apply(const pidcap_event& event, std::span<const std::byte> payload);

    // Call this when events from before `now_mono` were lost. What is known of a process from
    // before is checked with /proc before it is reported or inherited, and is cleared if the
    // process is no longer there to check.
    void events_lost(uint64_t now_mono);

    // Returns the process of a socket or a packet, or null for tgid 0. A process that isn't known
    // is created from the owner's fields, and completed from /proc if that shows the same process.
    const Process* find(const pidcap_owner& owner);
    // Grows whenever find() may return another process for an owner, or the process has changed.
    uint64_t changes() const { return changes_; }
    // Call it after find(), which returned `process`. Returns true if, until changes() grows, each
    // find() of this owner returns the same and does nothing else, and so does thread_of().
    bool is_settled_for(const Process& process, const pidcap_owner& owner) const;
    // Returns the process that programs name so, or null if it isn't known. Creates none.
    const Process* find_known(const pidcap_process& process);

    // Forgets processes that ended longer ago than the grace time, checks whether some of the
    // others still live, and looks again at some that had packets. Call it about ten times a
    // second, after all events from before the last call were applied; more frequent calls cost
    // nothing. `now_mono` is on the clock of pidcap_event.time_mono. Invalidates pointers that the
    // table returned.
    void expire(uint64_t now_mono);

    // Look-ups without side effects. They return null if there is no such process. A key without
    // start_boot finds the latest process of its tick.
    const Process* find(const ProcessKey& key) const;
    // `pid` is one of /proc, and of Process::pid unless that is of another PID namespace.
    const Process* find_live(uint32_t pid) const;
    // Returns a socket's owner with the numbers of /proc replaced by the kernel's, or nothing if
    // there is no such process any more.
    std::optional<pidcap_owner> as_in_kernel(const pidcap_owner& owner) const;
    // Returns the thread of a packet's owner, which is this process, as /proc has it; 0 if it is
    // not known.
    uint32_t thread_of(const Process& process, const pidcap_owner& owner) const;
    // Returns nothing if events of the process may be missing. Otherwise returns the time (mono) of
    // its last change that the kernel recorded (`changes` of bpf/verdict.h), or 0 if there was
    // none.
    std::optional<uint64_t> settled(const Process& process) const;

    // Returns what /proc shows now of the process with this number. Error code ESRCH: it has ended.
    pcapng::Result<ProcStat> stat_of(uint32_t number) const;
    // Returns the process with this number as the owner of what happens to it now, or nothing if it
    // has ended or its user isn't known.
    std::optional<pidcap_owner> owner_of(uint32_t number) const;

    // Returns the process that forked this one, or that was its parent when it was first seen. A
    // process that the table has forgotten has no parent.
    std::optional<Parent> parent_of(const Process& process) override;
    void for_each(const std::function<void(const Process&)>& visit) const override;
    bool knows(uint32_t number) const override { return by_number_.contains(number); }
    uint64_t generation() const override { return 0; }  // a process's parent doesn't change

    // Returns true if a live process is in this network namespace.
    bool has_process_in(uint32_t netns) const;

    // Returns an empty string if the user database has no name, or hasn't given it yet.
    const std::string& user_name(uint32_t uid) { return users_.name(uid); }

    size_t size() const { return entries_.size(); }
    const BootClock& clock() const { return clock_; }

  private:
    struct Entry {
        Process process;
        ProcessKey key;
        ProcessKey parent;
        uint32_t own_pid = 0;     // in /proc; 0: it isn't there
        uint64_t start_boot = 0;  // exact; 0: not known yet
        uint64_t cgroup_id = 0;
        uint64_t exit_mono = 0;
        Freshness freshness;
        bool exited = false;
        bool used = false;  // looked up since it ended
        // The last owner that contradicted the process, and when /proc was read to find out which
        // is right.
        uint64_t checked_mono = 0;
        uint64_t checked_cgroup = 0;
        uint32_t checked_uid = 0;
        uint32_t checked_gid = 0;
        bool has_packets = false;
        uint64_t recheck_mono = 0;      // when it is looked at again; 0: not planned
        uint64_t recheck_distance = 0;  // ns, to the one after that
        uint64_t unreported_until = 0;  // changes up to this time may be left out of the events
    };
    enum class Fate { kSame, kEnded, kUnknown };  // what /proc shows of a process
    // The numbers of one process: the kernel's and, unless it is 0, that in /proc.
    struct Pids {
        uint32_t host = 0;
        uint32_t own = 0;
    };

    ProcessTable(ProcessTableOptions options, ProcFs procfs, uint32_t pid_namespace,
                 CgroupTree cgroups, UserNames users, ContainerNames containers);

    // Events.
    Entry& apply_fork(const pidcap_event& event);
    void apply_exec(Entry& entry, const pidcap_event& event, std::span<const std::byte> payload);
    Entry& entry_of(const pidcap_event& event);
    static void notice_missed_exec(Entry& entry, const char (&comm)[PIDCAP_COMM_LEN]);
    bool set_identity(Entry& entry, const pidcap_event& event);
    Entry* set_parent(Entry& entry, const Pids& parent);
    void inherit(Entry& child, const Entry& parent);

    // Entries.
    ProcessKey key_of(uint32_t pid, uint64_t start_boot) const;
    Entry* find_entry(const ProcessKey& key);
    Entry* match(const ProcessKey& key);
    Entry* match(const pidcap_owner& owner);
    Entry*& recent(uint32_t pid) { return recent_[pid % recent_.size()]; }
    Entry* live_entry(uint32_t pid);
    Entry& insert(const ProcessKey& key, uint32_t own_pid);
    static bool is_younger(const Entry& one, const Entry& other);
    void mark_exited(Entry& entry);
    void note_version(Entry& entry);
    bool set_user(Entry& entry, uint32_t uid, uint32_t gid);
    bool set_cgroup(Entry& entry, uint64_t id, const std::string& path);
    void name_container(Process& process);
    void name_addresses(Entry& entry);
    // Translate pids (process_pids.cpp).
    bool is_translated() const { return pid_namespace_ != 0; }
    std::optional<ProcessKey> key_in_kernel(uint32_t own_pid, uint64_t start_ticks) const;
    uint32_t own_pid_of(const pidcap_owner& owner) const;
    Pids pids_of_parent(uint32_t own_ppid) const;
    bool has_ended(const Entry& entry) const;

    // Returns 0 for the mount namespace of the capture itself.
    uint64_t foreign_mntns(uint32_t mntns) const { return mntns == initial_mntns_ ? 0 : mntns; }

    // Reads /proc (process_check.cpp).
    pcapng::Result<ProcStat> read_stat(uint32_t pid) const;
    pcapng::Result<ProcProcess> read_process(uint32_t pid) const;
    pcapng::Result<ProcTitle> read_title(uint32_t pid) const;
    pcapng::Result<ProcAddresses> read_addresses(const Entry& entry) const;
    Fate read_same(const Entry& entry, ProcProcess& seen) const;
    Fate refresh(Entry& entry);
    void fill(Entry& entry, ProcProcess&& seen);
    void fill_gaps(Entry& entry);
    bool is_up_to_date(const Entry& entry) const { return entry.freshness.is_complete(lost_mono_); }
    bool is_believed(Entry& entry);
    void settle_doubt(Entry& entry, std::string comm);
    static bool has_cgroup_of(const Entry& entry, const pidcap_owner& owner) {
        return owner.cgroup_id == 0 || owner.cgroup_id == entry.cgroup_id;
    }
    static bool agrees(const Entry& entry, const pidcap_owner& owner);
    void reconcile(Entry& entry, const pidcap_owner& owner);
    void forget_exited(uint64_t now_mono);
    void check_some();
    void take_late_names();

    // Looks again (process_recheck.cpp).
    void note_first_packet(Entry& entry, bool is_fresh);
    void note_unreported(const pidcap_event& event);
    uint64_t recorded_change(const Entry& entry) const;
    Fate recheck(Entry& entry);
    void plan_recheck(Entry& entry, uint64_t mono);
    void recheck_due();

    ProcessTableOptions options_;
    ProcFs procfs_;
    CgroupTree cgroups_;
    std::shared_ptr<const ProcReader> reader_;  // null: this process reads
    UserNames users_;
    ContainerNames containers_;
    std::optional<ContainerAddresses> addresses_;  // none: not asked for
    uint32_t initial_mntns_;
    uint32_t pid_namespace_;
    const KernelPids* pids_ = nullptr;
    ProcessWatcher* watcher_ = nullptr;
    BootClock clock_;
    std::map<ProcessKey, Entry> entries_;        // those of one tick are adjacent
    std::unordered_map<uint32_t, Entry*> live_;  // by pid
    std::unordered_map<uint32_t, Entry*> by_number_;
    uint32_t next_number_ = 0;
    uint64_t changes_ = 1;
    std::array<Entry*, 64> recent_{};  // a cache for packets, most of which are of a few processes
    std::deque<ProcessKey> exited_;    // in the order of their end
    std::deque<ProcessKey> to_check_;  // the live ones, and some that have ended meanwhile
    size_t in_doubt_ = 0;              // how many at the front have to be checked soon
    uint64_t lost_mono_ = 0;           // events from before this time may be missing
    uint64_t now_mono_ = 0;            // the latest time passed to apply() or expire()
    uint64_t next_check_mono_ = 0;
    LastChange last_change_;
    std::multimap<uint64_t, ProcessKey> rechecks_;  // by Entry::recheck_mono; others are outdated
    size_t rechecks_left_ = 0;    // first packets until the next expire() that may read /proc
    uint64_t expired_mono_ = 0;   // the last time passed to expire()
    uint64_t complete_mono_ = 0;  // all events from before this time were applied
};

}  // namespace capture
