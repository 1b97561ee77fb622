// SPDX-License-Identifier: GPL-2.0-only
//
// Converts timestamps of any resolution to nanoseconds since the epoch. Pure, safe on any thread.
#pragma once

#include <cstdint>

#include "pcapng/format.h"

namespace pcapng {

// An interface's clock: if_tsresol as in the file (most significant bit 0: 10^-n s, 1: 2^-n s) and
// if_tsoffset in seconds.
struct Clock {
    uint8_t resolution = kTsresolMicroseconds;
    int64_t offset_s = 0;
};

// Returns the time rounded down: 0 if it is before the epoch, UINT64_MAX if it doesn't fit into 64
// bits (the year 2554).
uint64_t to_nanoseconds(uint64_t ticks, Clock clock);

}  // namespace pcapng
