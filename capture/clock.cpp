// SPDX-License-Identifier: GPL-2.0-only
#include "capture/clock.h"

#include "capture/processes/boot_clock.h"

namespace capture {

uint64_t kernel_mono_ns() {
    static const int64_t kOffset = timens_offset("monotonic");  // it never changes
    return clock_ns(CLOCK_MONOTONIC) - static_cast<uint64_t>(kOffset);
}

}  // namespace capture
