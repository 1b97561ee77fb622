// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/ring_heads.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

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
        auto head = head_of(ring);
        if (!head) {
            return std::move(head).error();
        }
        if (*head) {
            heads_.push_back(**head);
        }
    }
    std::make_heap(heads_.begin(), heads_.end(), std::greater<>());
    return {};
}

Result<void> RingHeads::advance() {
    const size_t ring = heads_.front().ring;
    rings_[ring].advance();
    auto next = head_of(ring);
    if (next && *next && is_earliest(**next)) {
        heads_.front() = **next;
        return {};
    }
    std::pop_heap(heads_.begin(), heads_.end(), std::greater<>());
    heads_.pop_back();
    if (!next) {
        return std::move(next).error();
    }
    if (*next) {
        heads_.push_back(**next);
        std::push_heap(heads_.begin(), heads_.end(), std::greater<>());
    }
    return {};
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

Result<std::optional<RingHeads::Head>> RingHeads::head_of(size_t ring) {
    const auto record = rings_[ring].peek(limits_[ring]);
    if (record.empty()) {
        return std::optional<Head>();
    }
    if (record.size() < sizeof(pidcap_packet)) {
        return Error{
            fmt::format("ring {}: a record of {} bytes is no packet", ring, record.size())};
    }
    const Head head{ring, record};
    return head.time() <= until_ ? std::optional(head) : std::nullopt;
}

// In a heap the second element is one of the two children of the first.
bool RingHeads::is_earliest(const Head& head) const {
    const size_t end = std::min<size_t>(heads_.size(), 3);
    return std::none_of(heads_.begin() + 1, heads_.begin() + static_cast<ptrdiff_t>(end),
                        [&head](const Head& other) { return head > other; });
}

}  // namespace capture
