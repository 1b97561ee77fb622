// SPDX-License-Identifier: GPL-2.0-only
//
// How long the table keeps whom.
#include <catch2/catch.hpp>
#include <chrono>

#include "capture/process_table.h"
#include "tests/capture/table_fixture.h"

using capture::ProcessKey;
using capture::ProcessTable;
using test::kSecond;
using test::make_event;
using test::make_owner;

namespace {

pidcap_event at(uint64_t time_mono, pidcap_event event) {
    event.time_mono = time_mono;
    return event;
}

// Calls expire() ten times a second from `from` on, for `seconds`.
uint64_t run(ProcessTable& table, uint64_t from, uint64_t seconds) {
    for (uint64_t i = 0; i < seconds * 10; ++i) {
        from += kSecond / 10;
        table.expire(from);
    }
    return from;
}

}  // namespace

TEST_CASE("an ended process is kept for the grace period after its last packet") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc, {.grace_ns = 10 * kSecond});
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 10, 100, 1, "a"));
    test::apply(table, at(kSecond, make_event(PIDCAP_EVENT_EXIT, 10, 100, 1, "a")));
    uint64_t now = run(table, kSecond, 9);
    REQUIRE(table.find(ProcessKey{10, 100}) != nullptr);
    CHECK(table.find(make_owner(10, 100, "a"))->exited);
    now = run(table, now, 9);
    CHECK(table.find(ProcessKey{10, 100}) != nullptr);
    run(table, now, 12);
    CHECK(table.find(ProcessKey{10, 100}) == nullptr);
}

TEST_CASE("a living process is never forgotten, a lost end is noticed") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc, {.grace_ns = kSecond});
    proc.put({.pid = 10, .start_ticks = 100});
    proc.put({.pid = 11, .start_ticks = 999});  // has the pid of one that ended unheard
    for (uint32_t pid = 10; pid < 13; ++pid) {
        test::apply(table, make_event(PIDCAP_EVENT_FORK, pid, 100, 1, "a"));
    }
    table.events_lost(1);
    run(table, 0, 10);
    CHECK(table.size() == 1);
    CHECK(table.find_live(10) != nullptr);
}

TEST_CASE("100,000 processes come and go, the living stay") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc, {.grace_ns = kSecond, .max_exited = 5000});
    for (uint32_t pid = 1; pid <= 100; ++pid) {
        proc.put({.pid = pid, .start_ticks = 1, .ppid = 0});
    }
    REQUIRE(table.scan().ok());
    const bool lost_exits = GENERATE(false, true);
    const auto begin = std::chrono::steady_clock::now();
    uint64_t now = 0;
    size_t most = 0;
    for (uint32_t i = 0; i < 100'000; ++i) {
        now += kSecond / 1000;
        const uint32_t pid = 1000 + i % 30'000;
        const uint64_t start = 100 + i / 10;
        test::apply(table, at(now, make_event(PIDCAP_EVENT_FORK, pid, start, 1 + i % 100, "fake")));
        if (!lost_exits || i % 10 != 0) {
            test::apply(table, at(now, make_event(PIDCAP_EVENT_EXIT, pid, start, 1, "fake")));
        }
        table.expire(now);
        most = std::max(most, table.size());
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    WARN("100,000 processes" << (lost_exits ? ", each tenth end lost: " : ": ") << took.count()
                             << " s, at most " << most << " in the table");
    CHECK(most < (lost_exits ? 3'000U : 1'500U));
    now = run(table, now, 1);
    table.events_lost(now);
    run(table, now, 30);
    CHECK(table.size() == 100);
    for (uint32_t pid = 1; pid <= 100; ++pid) {
        CHECK(table.find_live(pid) != nullptr);
    }
}

TEST_CASE("an owner that nobody knows is forgotten like an ended process") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc, {.grace_ns = kSecond});
    for (uint32_t pid = 1; pid <= 1000; ++pid) {
        CHECK(table.find(make_owner(pid, 7, "ghost"))->comm == "ghost");
    }
    CHECK(table.size() == 1000);
    run(table, 0, 4);
    CHECK(table.size() == 0);
}
