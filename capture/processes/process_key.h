// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessKey: which process the kernel's programs or /proc speak of. A process is its pid AND its
// start time. The programs know the start in nanoseconds, /proc in clock ticks only: a process that
// was seen there first keeps its key when more is learnt.
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
