// SPDX-License-Identifier: GPL-2.0-only
//
// wait_until: for what other programs do in their own time.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "tests/support/process.h"

namespace test {

// Asks again and again; a failed test that says `what` if patience ends.
inline void wait_until(const std::string& what, const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
        INFO(what);
        REQUIRE(std::chrono::steady_clock::now() < until);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

}  // namespace test
