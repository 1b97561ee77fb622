// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>

#include "capture/clock.h"

namespace capture {
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

// The ring's next record, if there is one up to now.
Result<std::optional<Merge::Head>> Merge::next_head(size_t ring, uint64_t now) {
    auto record = packets_[ring].peek(limits_[ring]);
    if (record.empty()) {
        return std::optional<Head>();
    }
    // Not one of our programs wrote it; to pass over it would hide whatever else went wrong.
    if (record.size() < sizeof(pidcap_packet)) {
        return Error{
            fmt::format("ring {}: a record of {} bytes is no packet", ring, record.size())};
    }
    const Head head{ring, record};
    return head.time() <= now ? std::optional(head) : std::nullopt;
}

Result<void> Merge::hand_over(const Head& head, RecordHandler& handler) {
    hand_over_events(head.time(), handler);
    auto data = head.record.subspan(sizeof(pidcap_packet));
    data = data.first(std::min<size_t>(head.packet().caplen, data.size()));
    auto taken = handler.packet(head.packet(), data);
    packets_[head.ring].advance();
    return taken;
}

Result<uint64_t> Merge::round(RecordHandler& handler, bool last) {
    uint64_t now = clock_ns(CLOCK_MONOTONIC) - (last ? 0 : kSlackNs);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    limits_.clear();
    filled_ = 0;
    for (const Ring& ring : packets_) {
        limits_.push_back(ring.produced());
        filled_ = std::max(filled_, ring.filled());
    }
    collect_events();
    handler.begin();

    heads_.clear();
    for (size_t ring = 0; ring < packets_.size(); ring++) {
        auto head = next_head(ring, now);
        if (!head) {
            return std::move(head).error();
        }
        if (*head) {
            heads_.push_back(**head);
        }
    }
    std::make_heap(heads_.begin(), heads_.end(), std::greater<>());
    uint64_t handed = 0;
    Result<void> taken;
    while (!heads_.empty() && taken.ok()) {
        std::pop_heap(heads_.begin(), heads_.end(), std::greater<>());
        std::optional<Head> head = heads_.back();
        heads_.pop_back();
        // Mostly the next one is of the same ring.
        do {
            taken = hand_over(*head, handler);
            handed++;
            auto next = taken.ok() ? next_head(head->ring, now) : std::optional<Head>();
            if (!next) {
                taken = std::move(next).error();
                break;
            }
            head = *next;
        } while (head && (heads_.empty() || !(*head > heads_.front())));
        if (head) {
            heads_.push_back(*head);
            std::push_heap(heads_.begin(), heads_.end(), std::greater<>());
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
