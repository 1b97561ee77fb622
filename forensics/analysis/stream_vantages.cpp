// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/stream_vantages.h"

namespace forensics {
namespace {

// Sequence numbers wrap (RFC 9293, 3.4).
bool before(uint32_t left, uint32_t right) {
    return static_cast<int32_t>(left - right) < 0;
}

}  // namespace

StreamVantages::At* StreamVantages::at(uint32_t vantage) {
    for (At& one : all_) {
        if (!one.used) {
            one.vantage = vantage;
            one.used = true;
        }
        if (one.vantage == vantage) {
            return &one;
        }
    }
    return nullptr;
}

void StreamVantages::crosses(uint32_t vantage) {
    if (At* here = at(vantage)) {
        here->crosses = true;
    }
}

StreamVantages::Sight StreamVantages::segment(uint32_t vantage, int side, uint32_t sequence,
                                              uint32_t end, uint32_t counted) {
    At* here = at(vantage);
    if (here == nullptr) {
        return Sight::kFirst;
    }
    uint32_t& next = here->next[static_cast<size_t>(side)];
    const bool sent_again = next != 0 && before(sequence, next);
    if (next == 0 || before(next, end)) {
        next = end;
    }
    if (!here->crosses || sent_again || counted == 0 || !before(sequence, counted)) {
        return Sight::kFirst;
    }
    return before(counted, end) ? Sight::kPartly : Sight::kAgain;
}

void StreamVantages::name(uint32_t vantage, int side, uint8_t ends) {
    if (At* here = at(vantage)) {
        here->named[static_cast<size_t>(side)] |= ends;
    }
}

uint8_t StreamVantages::named_elsewhere(uint32_t vantage, int side) const {
    uint8_t named = 0;
    for (const At& one : all_) {
        if (one.used && one.vantage != vantage) {
            named |= one.named[static_cast<size_t>(side)];
        }
    }
    return named;
}

}  // namespace forensics
