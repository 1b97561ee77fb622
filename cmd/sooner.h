// SPDX-License-Identifier: GPL-2.0-only
//
// Times to wait as poll(2) has them: milliseconds, or -1 for as long as it takes.
#pragma once

#include <algorithm>

namespace cmd {

// Returns the shorter of two times.
[[nodiscard]] constexpr int sooner(int one, int other) {
    return one < 0 ? other : other < 0 ? one : std::min(one, other);
}

}  // namespace cmd
