// SPDX-License-Identifier: GPL-2.0-only
//
// BootClock: converts the start times of processes between three clocks. The kernel's programs give
// nanoseconds of CLOCK_BOOTTIME, /proc gives clock ticks of the same clock, rounded down and
// shifted by the reader's time namespace. The file needs the time since the epoch. A value, sampled
// once: a process must have the same start time in every packet, whatever NTP does.
#pragma once

#include <cstdint>
#include <string>

namespace capture {

struct BootClock {
    uint64_t ns_per_tick = 10'000'000;  // 1e9 / sysconf(_SC_CLK_TCK)
    int64_t timens_ns = 0;              // what the reader's time namespace adds to boot times
    int64_t epoch_ns = 0;               // CLOCK_REALTIME - CLOCK_BOOTTIME as this reader sees them

    // Reads the machine's clocks, and the time namespace's offset from PROC/self/timens_offsets.
    static BootClock sample(const std::string& proc_root = "/proc");

    // Returns field 22 of /proc/PID/stat for a start_boot of the kernel's programs. It is exact,
    // because the kernel too adds the offset before it rounds down to ticks (do_task_stat of
    // fs/proc/array.c).
    uint64_t ticks(uint64_t start_boot) const;
    // The reverse, with the precision of ticks: ticks(start_boot(t)) == t.
    uint64_t start_boot(uint64_t start_ticks) const;
    uint64_t since_epoch(uint64_t start_ticks) const;  // nanoseconds
};

// Returns the offset of a clock ("boottime", "monotonic") in the text of /proc/PID/timens_offsets,
// in nanoseconds, or 0 if there is none (kernels before 5.6 have no time namespaces).
int64_t parse_timens_offset(const std::string& text, const std::string& wanted);

// The same, of this process's own time namespace.
int64_t timens_offset(const std::string& clock, const std::string& proc_root = "/proc");

}  // namespace capture
