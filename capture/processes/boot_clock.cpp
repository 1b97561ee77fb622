// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/boot_clock.h"

#include <unistd.h>

#include <ctime>
#include <fstream>
#include <limits>
#include <sstream>

namespace capture {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

int64_t now_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);  // cannot fail for the clocks that we ask for
    return int64_t{now.tv_sec} * kNsPerSecond + now.tv_nsec;
}

// The two clocks can't be read at the same moment. This tries a few times and takes the result with
// the smallest gap between two readings of the first clock, which has the smallest error.
int64_t realtime_minus_boottime() {
    int64_t best_gap = std::numeric_limits<int64_t>::max();
    int64_t difference = 0;
    for (int i = 0; i < 8; ++i) {
        const int64_t before = now_ns(CLOCK_BOOTTIME);
        const int64_t real = now_ns(CLOCK_REALTIME);
        const int64_t gap = now_ns(CLOCK_BOOTTIME) - before;
        if (gap < best_gap) {
            best_gap = gap;
            difference = real - (before + gap / 2);
        }
    }
    return difference;
}

}  // namespace

BootClock BootClock::sample(const std::string& proc_root) {
    BootClock clock;
    const long hz = sysconf(_SC_CLK_TCK);
    if (hz > 0) {
        clock.ns_per_tick = static_cast<uint64_t>(kNsPerSecond / hz);
    }
    clock.timens_ns = timens_offset("boottime", proc_root);
    clock.epoch_ns = realtime_minus_boottime();
    return clock;
}

uint64_t BootClock::ticks(uint64_t start_boot) const {
    return (start_boot + static_cast<uint64_t>(timens_ns)) / ns_per_tick;
}

uint64_t BootClock::start_boot(uint64_t start_ticks) const {
    return start_ticks * ns_per_tick - static_cast<uint64_t>(timens_ns);
}

uint64_t BootClock::since_epoch(uint64_t start_ticks) const {
    return start_ticks * ns_per_tick + static_cast<uint64_t>(epoch_ns);
}

int64_t timens_offset(const std::string& clock, const std::string& proc_root) {
    std::ifstream file(proc_root + "/self/timens_offsets");
    std::stringstream text;
    text << file.rdbuf();
    return parse_timens_offset(text.str(), clock);
}

int64_t parse_timens_offset(const std::string& text, const std::string& wanted) {
    std::istringstream lines(text);
    std::string clock;
    int64_t seconds = 0;
    int64_t nanoseconds = 0;
    while (lines >> clock >> seconds >> nanoseconds) {
        if (clock == wanted) {
            return seconds * kNsPerSecond + nanoseconds;
        }
    }
    return 0;
}

}  // namespace capture
