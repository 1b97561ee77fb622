// SPDX-License-Identifier: GPL-2.0-only
#include "capture/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>

#include "capture/clock.h"

namespace capture {
namespace {

// Space goes back to the kernel in steps of this many packets.
constexpr uint64_t kReleaseEvery = 64;

}  // namespace

void Merge::collect_events() {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(next_event_));
    next_event_ = 0;
    uint64_t limit = events_.produced();
    for (auto record = events_.peek(limit); !record.empty(); record = events_.peek(limit)) {
        Event event{};
        if (record.size() >= sizeof(event.header)) {
            std::memcpy(&event.header, record.data(), sizeof(event.header));
            auto payload = record.subspan(sizeof(event.header));
            size_t used = size_t{event.header.path_len} + event.header.args_len;
            payload = payload.first(std::min(used, payload.size()));
            event.payload.assign(payload.begin(), payload.end());
            pending_.push_back(std::move(event));
        }
        events_.advance();
    }
    events_.release();
    std::stable_sort(pending_.begin(), pending_.end(), [](const Event& a, const Event& b) {
        return a.header.time_mono < b.header.time_mono;
    });
}

void Merge::hand_over_events(uint64_t until, RecordHandler& handler) {
    while (next_event_ < pending_.size() && pending_[next_event_].header.time_mono <= until) {
        const Event& event = pending_[next_event_++];
        handler.event(event.header, event.payload);
    }
}

// Puts the ring's next record among the heads, if there is one up to now.
Result<void> Merge::next_head(size_t ring, uint64_t now) {
    auto record = packets_[ring].peek(limits_[ring]);
    if (record.empty()) {
        return {};
    }
    // Not one of our programs wrote it; to pass over it would hide whatever else went wrong.
    if (record.size() < sizeof(pidcap_packet)) {
        return Error{
            fmt::format("ring of CPU {}: a record of {} bytes is no packet", ring, record.size())};
    }
    uint64_t time = 0;
    std::memcpy(&time, record.data() + offsetof(pidcap_packet, time_mono), sizeof(time));
    if (time <= now) {
        heads_.push_back({time, ring, record});
        std::push_heap(heads_.begin(), heads_.end(), std::greater<>());
    }
    return {};
}

Result<uint64_t> Merge::round(RecordHandler& handler, bool last) {
    uint64_t now = clock_ns(CLOCK_MONOTONIC) - (last ? 0 : kSlackNs);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    limits_.clear();
    for (const Ring& ring : packets_) {
        limits_.push_back(ring.produced());
    }
    collect_events();
    handler.begin();

    heads_.clear();
    Result<void> taken;
    for (size_t ring = 0; ring < packets_.size() && taken.ok(); ring++) {
        taken = next_head(ring, now);
    }
    uint64_t handed = 0;
    while (!heads_.empty() && taken.ok()) {
        std::pop_heap(heads_.begin(), heads_.end(), std::greater<>());
        Head head = heads_.back();
        heads_.pop_back();
        hand_over_events(head.time, handler);

        pidcap_packet packet{};
        std::memcpy(&packet, head.record.data(), sizeof(packet));
        auto data = head.record.subspan(sizeof(packet));
        taken = handler.packet(packet, data.first(std::min<size_t>(packet.caplen, data.size())));
        Ring& ring = packets_[head.ring];
        ring.advance();
        if (++handed % kReleaseEvery == 0) {
            ring.release();
        }
        if (taken.ok()) {
            taken = next_head(head.ring, now);
        }
    }
    for (Ring& ring : packets_) {
        ring.release();
    }
    hand_over_events(now, handler);
    if (!taken) {
        return std::move(taken).error();
    }
    return handed;
}

}  // namespace capture
