// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/read_pace.h"

#include <algorithm>
#include <utility>

namespace capture {
namespace {

constexpr double kFilledMuch = 0.25;
constexpr double kFilledLittle = 0.0625;

}  // namespace

void ReadPace::round_ended(uint64_t packets, double filled) {
    idle_rounds_ = packets > 0 ? 0 : std::min(idle_rounds_ + 1, kIdleRounds);
    if (filled > kFilledMuch) {
        busy_pause_ = std::max(busy_pause_ / 2, kShortestPause);
    } else if (filled < kFilledLittle) {
        busy_pause_ = std::min(busy_pause_ * 2, longest_);
    }
}

bool ReadPace::needs_wake_request() {
    return is_idle() && !std::exchange(wake_requested_, true);
}

ReadPace::Pause ReadPace::next_pause() {
    wake_requested_ = false;
    if (is_idle()) {
        return {kSleep, Wake::kNext};
    }
    return {busy_pause_, busy_pause_ > kLongestUnwoken ? Wake::kFilled : Wake::kNever};
}

}  // namespace capture
