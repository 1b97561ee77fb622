// SPDX-License-Identifier: GPL-2.0-only
//
// The last words of a pidcap: "N packets captured, M dropped", "N packets, E events captured, M
// dropped".
#pragma once

#include <cstdint>
#include <string>

namespace test {

struct Totals {
    uint64_t captured = 0;  // packets and events
    uint64_t dropped = 0;
};

// Throws when they aren't there.
Totals totals_of(const std::string& err);

}  // namespace test
