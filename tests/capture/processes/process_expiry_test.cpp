// SPDX-License-Identifier: GPL-2.0-only
//
// How long the table keeps whom.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "capture/processes/process_table.h"
#include "tests/capture/processes/table_fixture.h"

using capture::ProcessKey;
using capture::ProcessTable;
using test::at;
using test::kSecond;
using test::make_event;
using test::make_owner;

namespace {

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
    CHECK(test::has_exited(table, *table.find(make_owner(10, 100, "a"))));
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

TEST_CASE("a process that was asked for, and forgotten, is a new one when it is asked for again") {
    const test::FakeProc proc;
    const bool too_many = GENERATE(false, true);
    ProcessTable table = test::make_table(
        proc, {.grace_ns = kSecond, .max_exited = too_many ? size_t{0} : size_t{100}});
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 10, 100, 1, "before"));
    const uint32_t number = table.find(make_owner(10, 100, "before"))->number;
    CHECK(table.find(make_owner(10, 100, "before"))->comm == "before");
    test::apply(table, at(kSecond, make_event(PIDCAP_EVENT_EXIT, 10, 100, 1, "before")));
    run(table, kSecond, 4);
    REQUIRE(table.size() == 0);

    const capture::Process* again = table.find(make_owner(10, 100, "after"));
    REQUIRE(table.size() == 1);
    CHECK(again == table.find(test::key_of(make_owner(10, 100, "after"))));
    CHECK(again->comm == "after");
    CHECK(again->number != number);
    CHECK(table.knows(again->number));
    CHECK_FALSE(table.knows(number));
    CHECK(table.find(make_owner(74, 100, "other"))->comm == "other");
    CHECK(table.find(make_owner(10, 100, "after")) == again);
}

TEST_CASE("whom another has followed in the table's memory can be forgotten, and both stay right") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc, {.grace_ns = kSecond});
    proc.put({.pid = 74, .start_ticks = 100, .comm = "stays"});
    for (const uint32_t pid : {10U, 74U}) {
        test::apply(table, make_event(PIDCAP_EVENT_FORK, pid, 100, 1, "stays"));
        CHECK(table.find(make_owner(pid, 100, "stays"))->pid == pid);
    }
    test::apply(table, at(kSecond, make_event(PIDCAP_EVENT_EXIT, 10, 100, 1, "stays")));
    const capture::Process* stays = table.find_live(74);
    run(table, kSecond, 4);
    REQUIRE(table.size() == 1);
    CHECK(table.find(make_owner(74, 100, "stays")) == stays);
    CHECK(table.find(make_owner(10, 100, "new"))->comm == "new");
    CHECK(table.find(make_owner(74, 100, "stays")) == stays);
}

TEST_CASE("while processes come, end and are forgotten, each owner gets its own") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc, {.grace_ns = kSecond / 4, .max_exited = 40});
    std::mt19937 random(2);            // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    std::vector<pidcap_owner> owners;  // the latest of each pid, and those before
    uint64_t now = kSecond;
    size_t known_again = 0;
    for (uint32_t i = 0; i < 20'000; ++i) {
        now += kSecond / 500;
        table.expire(now);
        // Six pids, three of them of one slot; some processes start within one tick.
        const auto pid = static_cast<uint32_t>(10 + random() % 3 * 64 + random() % 2);
        if (random() % 8 == 0) {
            pidcap_owner owner = make_owner(pid, 100 + i / 20, std::to_string(i));
            owner.start_boot += i % 20;
            owners.push_back(owner);
            pidcap_event fork = at(now, make_event(PIDCAP_EVENT_FORK, pid, 0, 1, owner.comm));
            fork.start_boot = owner.start_boot;
            test::apply(table, fork);
            fork.type = PIDCAP_EVENT_RENAME;  // from now on an owner's other name means nothing
            test::apply(table, fork);
        }
        if (owners.empty()) {
            continue;
        }
        const size_t back = std::min<size_t>(owners.size(), random() % 4 == 0 ? 60 : 4);
        pidcap_owner owner = owners[owners.size() - 1 - random() % back];
        if (random() % 16 == 0) {
            pidcap_event exit =
                at(now, make_event(PIDCAP_EVENT_EXIT, owner.tgid, 0, 1, owner.comm));
            exit.start_boot = owner.start_boot;
            test::apply(table, exit);
        }
        const std::string name = owner.comm;
        test::set_comm(owner.comm, "again");  // that is told only of one that had been forgotten
        const capture::Process* process = table.find(owner);
        REQUIRE(process->pid == owner.tgid);
        REQUIRE(process == table.find(test::key_of(owner)));
        REQUIRE((process->comm == name || process->comm == "again"));
        known_again += process->comm == "again";
    }
    CHECK(known_again > 100);
    CHECK(known_again < 10'000);
}
