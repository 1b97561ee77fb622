// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/event_lane.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <iterator>

#include "packet/event/frame.h"
#include "packet/event/plaintext.h"
#include "packet/line/event_text.h"
#include "pcapng/text.h"

namespace forensics {
namespace {

// Of what passed through TLS in clear nothing: the page has no keys either, and is handed on.
std::string fields_of(const Packet& event, std::span<const uint8_t> record) {
    if (packet::is_plaintext(*event.interface)) {
        return {};
    }
    fmt::memory_buffer all;
    packet::append_event_fields(all, *event.interface->event, record);
    const std::string_view text(all.data(), all.size());
    const std::string_view kept = pcapng::cut_utf8(text, EventLane::kMaxText);
    return std::string(kept) + (kept.size() < text.size() ? "…" : "");
}

void merge(LaneBin& into, LaneBin from) {
    if (into.count == 0) {
        into = std::move(from);
        return;
    }
    into.count += from.count;
    into.first_ns = std::min(into.first_ns, from.first_ns);
    into.last_ns = std::max(into.last_ns, from.last_ns);
    const auto room = std::min(EventLane::kKept - into.events.size(), from.events.size());
    std::move(from.events.begin(), from.events.begin() + static_cast<std::ptrdiff_t>(room),
              std::back_inserter(into.events));
}

}  // namespace

void EventLane::add(const Packet& event) {
    if (!event.time_ns) {
        return;
    }
    const auto record = packet::event_record(event);
    assert(record.has_value());
    const uint64_t time = *event.time_ns;
    const EventKind kind =
        event_kind(event.interface->name, packet::read_event(*event.interface->event, *record));
    const auto too_many = [&] {
        const uint64_t at = time / width_ns_;
        return !bins_.empty() && std::max(bins_.rbegin()->first.first, at) -
                                         std::min(bins_.begin()->first.first, at) >=
                                     kSpans;
    };
    while (too_many()) {
        widen();
    }
    LaneBin& bin = bins_[{time / width_ns_, kind}];
    bin.kind = kind;
    bin.first_ns = bin.count == 0 ? time : std::min(bin.first_ns, time);
    bin.last_ns = std::max(bin.last_ns, time);
    ++bin.count;
    if (bin.events.size() < kKept) {
        const Process* process =
            event.self.process != nullptr ? event.self.process : event.peer.process;
        bin.events.push_back({.time_ns = time,
                              .process = process,
                              .name = event.interface->name,
                              .fields = fields_of(event, *record)});
    }
}

std::vector<LaneBin> EventLane::bins() const {
    std::vector<LaneBin> all;
    all.reserve(bins_.size());
    for (const auto& [key, bin] : bins_) {
        all.push_back(bin);
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const LaneBin& a, const LaneBin& b) { return a.first_ns < b.first_ns; });
    return all;
}

void EventLane::widen() {
    std::map<Key, LaneBin> wider;
    for (auto& [key, bin] : bins_) {
        merge(wider[{key.first / 2, key.second}], std::move(bin));
    }
    bins_ = std::move(wider);
    width_ns_ *= 2;
}

}  // namespace forensics
