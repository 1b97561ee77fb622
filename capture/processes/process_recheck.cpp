// SPDX-License-Identifier: GPL-2.0-only
//
// The part of ProcessTable that looks again at processes that have packets, for what no event
// reports: a command line that a process has overwritten (setproctitle), and changes whose events
// were left out. The number of looks is bounded whatever the processes do; those that can't be had
// at once wait for their turn.
#include <algorithm>
#include <utility>

#include "capture/processes/process_table.h"

namespace capture {
namespace {

using pcapng::Result;

// From the first packet to the next look; from there, each time three times as long.
constexpr uint64_t kFirstDistanceNs = 100'000'000;
constexpr uint64_t kLastDistanceNs = 30'000'000'000;
// Until a change is either reported or known to be left out.
constexpr uint64_t kPendingNs = 250'000'000;
// Between two pauses of expire(), a tenth of a second: some 10 µs each.
constexpr size_t kFirstLooks = 64;
constexpr size_t kDueLooks = 64;

}  // namespace

// Reads the process at once, so that its first packet has the command line of its moment, unless it
// is one of too many.
void ProcessTable::note_first_packet(Entry& entry, bool is_fresh) {
    entry.has_packets = true;
    if (entry.exited) {
        return;
    }
    entry.recheck_distance = kFirstDistanceNs;
    if (!is_fresh && rechecks_left_ > 0) {
        --rechecks_left_;
        if (recheck(entry) == Fate::kEnded) {
            return;
        }
    }
    plan_recheck(entry, now_mono_ + kFirstDistanceNs);
}

// The event is of a process that changes too often for each change to be reported. Its last change
// is read once no other is left out.
void ProcessTable::note_unreported(const pidcap_event& event) {
    Entry* entry = match(key_of(event.tgid, event.start_boot));
    if (entry != nullptr && !entry->exited) {
        entry->unreported_until = event.time_mono + PIDCAP_REPORT_WINDOW_NS;
        plan_recheck(*entry, entry->unreported_until);
    }
}

// Without an exact start, which the kernel's record goes by, no change is known.
uint64_t ProcessTable::recorded_change(const Entry& entry) const {
    if (!last_change_ || entry.start_boot == 0) {
        return entry.freshness.last_change();
    }
    pidcap_process process{};
    process.start_boot = entry.start_boot;
    process.tgid = entry.key.pid;
    return last_change_(process);
}

// Takes over the command line that /proc shows. It is believed only if it belongs to the program
// that the events up to now tell of: an exec is recorded before it has a command line. If the
// kernel has recorded a change whose event must have come by now, everything is read anew.
ProcessTable::Fate ProcessTable::recheck(Entry& entry) {
    const uint64_t change = recorded_change(entry);
    if (change != entry.freshness.last_change()) {
        if (change >= complete_mono_) {
            return Fate::kUnknown;  // its event may still come
        }
        const Fate fate = refresh(entry);
        if (fate == Fate::kSame && recorded_change(entry) == change) {
            entry.freshness.change_noticed(change);
        }
        return fate;
    }
    if (entry.own_pid == 0) {
        return Fate::kEnded;  // nothing is to be seen of it
    }
    Result<ProcTitle> seen = read_title(entry.own_pid);
    if (!seen || seen->stat.start_ticks != entry.key.start_ticks) {
        return Fate::kEnded;
    }
    const bool is_of_same_program =
        recorded_change(entry) == change && seen->stat.comm == entry.process.comm;
    if (is_of_same_program && !seen->cmdline.empty() && seen->cmdline != entry.process.cmdline) {
        entry.process.cmdline = std::move(seen->cmdline);
        note_version(entry);
    }
    return Fate::kSame;
}

void ProcessTable::plan_recheck(Entry& entry, uint64_t mono) {
    if (entry.recheck_mono != 0 && entry.recheck_mono <= mono) {
        return;
    }
    entry.recheck_mono = mono;
    rechecks_.emplace(mono, entry.key);
}

void ProcessTable::recheck_due() {
    rechecks_left_ = kFirstLooks;
    size_t left = kDueLooks;
    while (left > 0 && !rechecks_.empty() && rechecks_.begin()->first <= now_mono_) {
        const auto [mono, key] = *rechecks_.begin();
        rechecks_.erase(rechecks_.begin());
        Entry* entry = find_entry(key);
        if (entry == nullptr || entry->exited || entry->recheck_mono != mono) {
            continue;
        }
        --left;
        entry->recheck_mono = 0;
        const Fate fate = recheck(*entry);
        if (fate == Fate::kUnknown) {
            plan_recheck(*entry, now_mono_ + kPendingNs);
        } else if (fate == Fate::kSame && entry->has_packets) {
            entry->recheck_distance = std::min(3 * entry->recheck_distance, kLastDistanceNs);
            plan_recheck(*entry, now_mono_ + entry->recheck_distance);
        }
        if (entry->unreported_until > now_mono_) {
            plan_recheck(*entry, entry->unreported_until);
        }
    }
}

}  // namespace capture
