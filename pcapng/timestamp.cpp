// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/timestamp.h"

namespace pcapng {
namespace {

__extension__ using Wide = __int128;

constexpr Wide kNanosecondsPerSecond = 1'000'000'000;
constexpr unsigned kNanosecondExponent = 9;

}  // namespace

uint64_t to_nanoseconds(uint64_t ticks, Clock clock) {
    if (clock.resolution == kTsresolNanoseconds && clock.offset_s == 0) {
        return ticks;
    }
    Wide time = ticks;
    const unsigned exponent = clock.resolution & 0x7F;
    if ((clock.resolution & 0x80) != 0) {
        time = (time * kNanosecondsPerSecond) >> exponent;  // at most 94 bits, shifted by up to 127
    } else {
        for (unsigned i = exponent; i < kNanosecondExponent; ++i) {
            time *= 10;
        }
        for (unsigned i = kNanosecondExponent; i < exponent; ++i) {  // at most 118 rounds
            time /= 10;
        }
    }
    time += Wide{clock.offset_s} * kNanosecondsPerSecond;
    if (time < 0) {
        return 0;
    }
    return time > Wide{UINT64_MAX} ? UINT64_MAX : static_cast<uint64_t>(time);
}

}  // namespace pcapng
