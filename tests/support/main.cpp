// SPDX-License-Identifier: GPL-2.0-only
//
// The main function of every test. Catch's own returns how many assertions have failed, and four
// would be the exit status of a test that was skipped (skip.h).
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

int main(int argc, char* argv[]) {
    return Catch::Session().run(argc, argv) == 0 ? 0 : 1;
}
