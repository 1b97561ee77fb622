// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/join/clock_offset.h"

#include <algorithm>

namespace forensics {
namespace {

// Sums of a few differences up to this fit into 63 bits.
constexpr uint64_t kFarthest = uint64_t{1} << 60;

std::optional<int64_t> difference(uint64_t from, uint64_t to) {
    if ((from > to ? from - to : to - from) > kFarthest) {
        return std::nullopt;
    }
    return static_cast<int64_t>(to - from);
}

int64_t width(const OffsetBounds& bounds) {
    return bounds.high - bounds.low;
}

int64_t drift_between(const OffsetBounds& left, const OffsetBounds& right) {
    const uint64_t distance =
        left.at_ns > right.at_ns ? left.at_ns - right.at_ns : right.at_ns - left.at_ns;
    return static_cast<int64_t>(std::min(distance / ClockOffset::kDriftDivisor, kFarthest));
}

}  // namespace

std::optional<OffsetBounds> bounds_of(const SeenHandshake& handshake,
                                      const Resolutions& resolutions, uint64_t at_ns) {
    const auto there = difference(handshake.syn_sent, handshake.syn_arrived);
    const auto back = difference(handshake.answer_arrived, handshake.answer_sent);
    if (!there || !back || handshake.answer_arrived < handshake.syn_sent ||
        handshake.answer_sent < handshake.syn_arrived) {
        return std::nullopt;
    }
    return OffsetBounds{.at_ns = at_ns,
                        .low = *back - static_cast<int64_t>(resolutions.client),
                        .high = *there + static_cast<int64_t>(resolutions.server)};
}

OffsetBounds turned(const OffsetBounds& bounds) {
    return {.at_ns = bounds.at_ns, .low = -bounds.high, .high = -bounds.low};
}

bool contradict(const OffsetBounds& left, const OffsetBounds& right) {
    return std::max(left.low, right.low) - std::min(left.high, right.high) >
           drift_between(left, right);
}

ClockOffset estimate(std::vector<OffsetBounds> all) {
    if (all.empty()) {
        return {};
    }
    std::ranges::sort(all, {}, &OffsetBounds::at_ns);
    const OffsetBounds narrowest = *std::ranges::min_element(all, {}, width);
    ClockOffset offset{.handshakes = all.size(), .agree = true, .bounds = narrowest};
    OffsetBounds whole = narrowest;
    for (size_t i = 0; i < all.size(); ++i) {
        const OffsetBounds& one = all[i];
        const int64_t drift = drift_between(one, narrowest);
        offset.bounds.low = std::max(offset.bounds.low, one.low - drift);
        offset.bounds.high = std::min(offset.bounds.high, one.high + drift);
        whole.low = std::min({whole.low, one.low, one.high});
        whole.high = std::max({whole.high, one.low, one.high});
        // A clock that was set and set back: each may agree with a narrowest one that is far away.
        offset.agree = offset.agree && width(one) >= 0 && (i == 0 || !contradict(all[i - 1], one));
    }
    offset.agree = offset.agree && offset.bounds.low <= offset.bounds.high;
    if (!offset.agree) {
        offset.bounds = whole;
    }
    return offset;
}

}  // namespace forensics
