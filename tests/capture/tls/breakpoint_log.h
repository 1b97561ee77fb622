// SPDX-License-Identifier: GPL-2.0-only
//
// What a probe would see: a program runs under ptrace(2), each file that it maps as code is given
// to the finder, and a breakpoint stands at each function that this finds. Where one is hit, the
// recipe says what to read. On x86-64; programs of i386, too.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace test {

struct BreakpointLog {
    int status = -1;                           // exit status, or 128 + signal
    std::set<std::string> lines;               // "LABEL random secret", as a key log has them
    std::map<std::string, std::string> found;  // library and version by file
};

// Runs a program to its end. `environment`: "NAME=value", beside ours.
BreakpointLog run_with_breakpoints(const std::vector<std::string>& arguments,
                                   const std::vector<std::string>& environment = {});

}  // namespace test
