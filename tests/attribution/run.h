// SPDX-License-Identifier: GPL-2.0-only
//
// Plays scenarios and scores each packet.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "tests/attribution/scenario.h"

namespace bench {

// What became of one scenario.
struct Row {
    std::string name{};
    std::string skipped{};             // why it wasn't played
    std::string error{};               // why it couldn't be
    std::array<size_t, 4> verdicts{};  // by test::Verdict
    std::map<std::string, size_t> vias{};
    std::vector<std::string> failures{};  // packets that aren't right, and why; not all of them

    size_t packets() const;
    size_t count(test::Verdict verdict) const { return verdicts[static_cast<size_t>(verdict)]; }
    bool played() const { return skipped.empty() && error.empty(); }
};

inline constexpr std::array kVerdictNames = {"right", "related", "none", "wrong"};

// How to capture.
struct Captures {
    test::Hook hook = test::Hook::tc;
    bool together = false;            // one of all network namespaces, not one at each place
    std::vector<std::string> pidcap;  // the program and further arguments
};

// The last row is what the kernel said by itself to its neighbours, whatever was playing.
std::vector<Row> run(const Scenarios& scenarios, const Captures& captures);

}  // namespace bench
