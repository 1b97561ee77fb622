// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/cpu_data.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <string>

namespace {

pidcap_cpu_data parse(const std::string& text) {
    std::istringstream lines(text);
    return capture::cpu_data_of(lines);
}

}  // namespace

// Lines of Debian's 5.10.0-32-cloud-amd64.
TEST_CASE("where a CPU's data are is read from the kernel's symbols") {
    const pidcap_cpu_data data = parse(
        "0000000000000000 A __per_cpu_start\n"
        "000000000001fb80 A __preempt_count\n"
        "000000000001fbc0 A current_task\n"
        "0000000000033440 A runqueues\n"
        "ffffffff81001000 T first\n"
        "ffffffffc0001000 d current_task\t[module]\n");
    CHECK(data.known == 1);
    CHECK(data.run_queue == 0x33440);
    CHECK(data.current_task == 0x1fbc0);
    CHECK(data.preempt_count == 0x1fb80);
}

TEST_CASE("data of a CPU are counted from where they begin") {
    const pidcap_cpu_data data = parse(
        "ffffffff84001000 D __per_cpu_start\n"
        "ffffffff84001008 D __preempt_count\n"
        "ffffffff84001010 D current_task\n"
        "ffffffff84002000 D runqueues\n");
    CHECK(data.known == 1);
    CHECK(data.run_queue == 0x1000);
    CHECK(data.current_task == 0x10);
    CHECK(data.preempt_count == 8);
}

TEST_CASE("where a CPU's data are isn't known if symbols are hidden or missing") {
    CHECK(parse("0000000000000000 A __per_cpu_start\n"
                "0000000000000000 A __preempt_count\n"
                "0000000000000000 A current_task\n"
                "0000000000000000 A runqueues\n")
              .known == 0);
    CHECK(parse("0000000000000000 A __per_cpu_start\n"
                "000000000001fbc0 A current_task\n"
                "0000000000033440 A runqueues\n")
              .known == 0);
    CHECK(parse("").known == 0);
}
