// SPDX-License-Identifier: GPL-2.0-only
//
// comes_true, wait_until: for what other programs do in their own time.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "tests/support/process.h"

namespace test {

// Asks again and again; false when patience ends.
inline bool comes_true(const std::function<bool()>& holds, std::chrono::seconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= until) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

// A failed test that says `what` when patience ends.
inline void wait_until(const std::string& what, const std::function<bool()>& holds) {
    INFO(what);
    REQUIRE(comes_true(holds, kPatience));
}

}  // namespace test
