// SPDX-License-Identifier: GPL-2.0-only
//
// skip: ends a test that this machine can't run, and says why. CTest counts exit status 4 as
// skipped (SKIP_RETURN_CODE) because every test case is a process of its own there. For what needs
// another kernel; a missing package is a failure.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace test {

[[noreturn]] inline void skip(const std::string& reason) {
    std::printf("skipped: %s\n", reason.c_str());
    std::fflush(stdout);
    std::_Exit(4);
}

}  // namespace test
