// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/ring_heads.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace capture {

Result<double> RingHeads::sample() {
    limits_.clear();
    double filled = 0;
    for (Ring& ring : rings_) {
        auto limit = ring.sample();
        if (!limit) {
            return std::move(limit).error();
        }
        limits_.push_back(*limit);
        filled = std::max(filled, ring.filled());
    }
    return filled;
}

Result<void> RingHeads::find(uint64_t until) {
    until_ = until;
    heads_.clear();
    for (size_t ring = 0; ring < rings_.size(); ring++) {
        Head head{&rings_[ring], limits_[ring], {}};
        const Next next = read(head);
        if (next == Next::kFault) {
            return fault(head);
        }
        if (next == Next::kRecord) {
            heads_.push_back(head);
        }
    }
    std::make_heap(heads_.begin(), heads_.end(), std::greater<>());
    return {};
}

Result<void> RingHeads::advance() {
    Head head = heads_.front();
    head.ring->advance();
    const Next next = read(head);
    if (next == Next::kRecord && is_earliest(head)) {
        heads_.front() = head;
        return {};
    }
    std::pop_heap(heads_.begin(), heads_.end(), std::greater<>());  // moves the first to the end
    if (next == Next::kRecord) {
        heads_.back() = head;
        std::push_heap(heads_.begin(), heads_.end(), std::greater<>());
        return {};
    }
    heads_.pop_back();
    return next == Next::kNone ? Result<void>{} : fault(head);
}

void RingHeads::release() {
    for (Ring& ring : rings_) {
        ring.release();
    }
}

void RingHeads::trim() {
    heads_.clear();
    for (Ring& ring : rings_) {
        ring.trim();
    }
}

RingHeads::Next RingHeads::read(Head& head) const {
    head.record = head.ring->peek(head.limit);
    if (head.record.size() < sizeof(pidcap_packet)) {
        return head.record.empty() ? Next::kNone : Next::kFault;
    }
    return head.time() <= until_ ? Next::kRecord : Next::kNone;
}

Error RingHeads::fault(const Head& head) const {
    return Error{fmt::format("ring {}: a record of {} bytes is no packet",
                             head.ring - rings_.data(), head.record.size())};
}

// In a heap the second element is one of the two children of the first.
bool RingHeads::is_earliest(const Head& head) const {
    const size_t end = std::min<size_t>(heads_.size(), 3);
    for (size_t other = 1; other < end; other++) {
        if (head > heads_[other]) {
            return false;
        }
    }
    return true;
}

}  // namespace capture
