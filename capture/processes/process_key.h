// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessKey: identifies a process by its pid, in the initial PID namespace, and its start time.
// The kernel's programs report the start in nanoseconds, /proc only in clock ticks. A process that
// was first seen in /proc keeps its key when its exact start becomes known.
#pragma once

#include <compare>
#include <cstdint>

namespace capture {

struct ProcessKey {
    uint32_t pid = 0;
    uint64_t start_ticks = 0;  // since boot, in USER_HZ (1/100 s), as field 22 of /proc/PID/stat
    uint64_t start_boot = 0;   // ns, exact; 0: not known when the process was first seen

    auto operator<=>(const ProcessKey&) const = default;
};

}  // namespace capture
