// SPDX-License-Identifier: GPL-2.0-only
#include "capture/clock.h"

#include <fstream>
#include <sstream>

#include "capture/processes/boot_clock.h"

namespace capture {
namespace {

// What this process's time namespace adds. It never changes.
uint64_t namespace_offset() {
    std::ifstream file("/proc/self/timens_offsets");
    std::stringstream text;
    text << file.rdbuf();
    return static_cast<uint64_t>(parse_timens_offset(text.str(), "monotonic"));
}

}  // namespace

uint64_t kernel_mono_ns() {
    static const uint64_t kOffset = namespace_offset();
    return clock_ns(CLOCK_MONOTONIC) - kOffset;
}

}  // namespace capture
