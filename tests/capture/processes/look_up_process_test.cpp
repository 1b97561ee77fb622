// SPDX-License-Identifier: GPL-2.0-only
//
// How it waits, and what crashes and hangs cost, user_names_test.cpp says.
#include "capture/processes/look_up_process.h"

#include <sys/mman.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <new>
#include <string>

#include "tests/support/wait.h"

namespace {

using capture::LookUpProcess;

// How many look-ups there were, in whichever process.
std::atomic<int>& look_ups() {
    static auto* const shared = new (mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0)) std::atomic<int>(0);
    return *shared;
}

// "late" has an answer from the second time on, "never" has none.
std::string find(const std::string& question) {
    const int before = look_ups()++;
    return question == "never" || (question == "late" && before == 0) ? "" : question + "!";
}

LookUpProcess start(const LookUpProcess::Settings& settings) {
    look_ups() = 0;  // before the process forks
    auto started = LookUpProcess::start(
        "pidcap-test", {}, [] { return pcapng::Result<LookUpProcess::Find>(find); }, settings);
    REQUIRE(started);
    return *std::move(started);
}

// Asks for another, whose answer comes after those that were asked for before.
void pass_by(LookUpProcess& process, const std::string& other) {
    REQUIRE(process.answer(other) != nullptr);
}

}  // namespace

TEST_CASE("a question without an answer is asked once more, and its answer comes late") {
    LookUpProcess process = start({.most_answers = 100, .retry_ns = 1});
    REQUIRE(process.answer("late") != nullptr);
    CHECK(process.answer("late")->empty());
    test::wait_until("the late answer",
                     [&] { return process.take_late() == std::vector<std::string>{"late"}; });
    CHECK(*process.answer("late") == "late!");
    CHECK(process.take_late().empty());
    CHECK(look_ups() == 2);
}

TEST_CASE("a question that has no answer again is left alone") {
    LookUpProcess process = start({.most_answers = 100, .retry_ns = 1});
    CHECK(process.answer("never")->empty());
    test::wait_until("the second time", [&] {
        CHECK(process.take_late().empty());
        return look_ups() == 2;
    });
    pass_by(process, "other");
    CHECK(process.take_late().empty());
    CHECK(process.answer("never")->empty());
    pass_by(process, "another");
    CHECK(look_ups() == 4);
}

TEST_CASE("without a time for that no question is asked twice") {
    LookUpProcess process = start({.most_answers = 100, .retry_ns = 0});
    CHECK(process.answer("late")->empty());
    CHECK(process.take_late().empty());
    pass_by(process, "other");
    CHECK(process.answer("late")->empty());
    CHECK(look_ups() == 2);
}

TEST_CASE("no more answers are kept than twice as many as are wanted") {
    LookUpProcess process = start({.most_answers = 2, .retry_ns = 0});
    const std::string* first = process.answer("1");
    pass_by(process, "2");
    CHECK(*first == "1!");
    pass_by(process, "3");
    CHECK(*first == "1!");  // still in use, perhaps
    CHECK(look_ups() == 3);
    CHECK(*process.answer("1") == "1!");
    CHECK(look_ups() == 4);
}

TEST_CASE("without a process there is no answer") {
    LookUpProcess process;
    CHECK(process.answer("x") == nullptr);
    CHECK(process.take_late().empty());
}
