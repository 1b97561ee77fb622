// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/counter_history.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "cmd/file_statistics.h"

namespace cmd {
namespace {

using packet::InterfaceCounters;

// What a window's statistics are made of besides its packets.
void add_losses(InterfaceCounters& to, const InterfaceCounters& by) {
    to.filtered += by.filtered;
    for (size_t cause = 0; cause < packet::kDropCauses; cause++) {
        to.dropped[cause] += by.dropped[cause];
    }
}

}  // namespace

void CounterHistory::add(uint64_t time_ns, const Counters& now) {
    last_.resize(now.size());
    Entry& entry = entries_.emplace_back(Entry{time_ns, {}});
    for (size_t i = 0; i < now.size(); i++) {
        if (const InterfaceCounters by = losses_since(last_[i], now[i]); any(by)) {
            entry.changes.push_back({i, by});
        }
    }
    last_ = now;
    if (entries_.size() > kMost) {
        thin_out();
    }
    next_ = time_ns + interval_;
}

// Every other entry goes: its changes are the next one's.
void CounterHistory::thin_out() {
    std::deque<Entry> kept;
    for (size_t i = 0; i < entries_.size(); i++) {
        if (i % 2 == 1 && i + 1 < entries_.size()) {
            std::vector<Change>& next = entries_[i + 1].changes;
            std::vector<Change> both;
            std::merge(next.begin(), next.end(), entries_[i].changes.begin(),
                       entries_[i].changes.end(), std::back_inserter(both),
                       [](const Change& a, const Change& b) { return a.interface < b.interface; });
            next.clear();
            for (const Change& change : both) {
                if (!next.empty() && next.back().interface == change.interface) {
                    add_losses(next.back().by, change.by);
                } else {
                    next.push_back(change);
                }
            }
        } else {
            kept.push_back(std::move(entries_[i]));
        }
    }
    entries_ = std::move(kept);
    interval_ *= 2;
}

void CounterHistory::forget_before(uint64_t time_ns) {
    while (entries_.size() > 1 && entries_[1].time_ns <= time_ns) {
        entries_.pop_front();
    }
}

CounterHistory::Since CounterHistory::since(uint64_t time_ns, const Counters& now) const {
    Since since;
    since.time_ns = time_ns;
    since.counters.resize(now.size());
    Counters last = last_;
    last.resize(now.size());
    for (size_t i = 0; i < now.size(); i++) {
        since.counters[i] = losses_since(last[i], now[i]);
    }
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
        since.time_ns = entry->time_ns;
        if (entry->time_ns <= time_ns || std::next(entry) == entries_.rend()) {
            break;
        }
        for (const Change& change : entry->changes) {
            add_losses(since.counters[change.interface], change.by);
        }
    }
    return since;
}

}  // namespace cmd
