// SPDX-License-Identifier: GPL-2.0-only
#include "capture/process_filter.h"

#include <catch2/catch.hpp>

#include "tests/capture/table_fixture.h"

using capture::Process;
using capture::ProcessConditions;
using capture::ProcessFilter;
using capture::ProcessKey;
using capture::ProcessTable;
using test::make_event;

namespace {

Process make_process(uint32_t pid, const char* comm, uint32_t uid) {
    Process process;
    process.key = {pid, 100};
    process.comm = comm;
    process.uid = uid;
    return process;
}

// Forks as a session does.
const Process* fork(ProcessTable& table, ProcessFilter& filter, uint32_t pid, uint32_t ppid,
                    uint64_t start_ticks = 200) {
    test::apply(table, make_event(PIDCAP_EVENT_FORK, pid, start_ticks, ppid, "fake"));
    const Process* child = table.find_live(pid);
    REQUIRE(child != nullptr);
    filter.forked(*child, table.parent(*child));
    return child;
}

}  // namespace

TEST_CASE("without conditions every packet is wanted, also one without a process") {
    const ProcessFilter filter;
    const Process process = make_process(1, "a", 0);
    CHECK(filter.wants(nullptr, nullptr));
    CHECK(filter.wants(&process, nullptr));
}

TEST_CASE("values of one condition are joined by or, conditions by and") {
    const ProcessFilter filter({.comms = {"curl", "wget"}, .uids = {1000, 33}});
    const auto wants = [&filter](const char* comm, uint32_t uid) {
        const Process process = make_process(7, comm, uid);
        return filter.wants(&process, nullptr);
    };
    CHECK(wants("curl", 1000));
    CHECK(wants("wget", 33));
    CHECK_FALSE(wants("curl", 0));
    CHECK_FALSE(wants("nginx", 33));
    CHECK_FALSE(wants("cur", 33));
    CHECK_FALSE(filter.wants(nullptr, nullptr));
}

TEST_CASE("a packet is wanted for either of its ends, but one of them must match alone") {
    const ProcessFilter filter({.comms = {"curl"}, .uids = {1000}});
    const Process match = make_process(7, "curl", 1000);
    const Process half = make_process(8, "curl", 0);
    const Process other_half = make_process(9, "nginx", 1000);
    CHECK(filter.wants(&match, nullptr));
    CHECK(filter.wants(&other_half, &match));
    CHECK(filter.wants(nullptr, &match));
    CHECK_FALSE(filter.wants(&half, &other_half));
}

TEST_CASE("a process that took the pid is not the one asked for") {
    const ProcessFilter filter({.processes = {ProcessKey{7, 100}}});
    Process process = make_process(7, "a", 0);
    CHECK(filter.wants(&process, nullptr));
    process.key.start_boot = 100 * test::kTick + 1;
    CHECK_FALSE(filter.wants(&process, nullptr));
    process.key = {7, 101};
    CHECK_FALSE(filter.wants(&process, nullptr));
}

TEST_CASE("follow wants descendants that run already and later ones, whatever they become") {
    const test::FakeProc proc;
    proc.put({.pid = 1, .start_ticks = 1, .ppid = 0, .comm = "init"});
    proc.put({.pid = 10, .start_ticks = 100, .ppid = 1, .comm = "shell"});
    proc.put({.pid = 11, .start_ticks = 110, .ppid = 10, .comm = "child"});
    proc.put({.pid = 12, .start_ticks = 120, .ppid = 11, .comm = "grandchild"});
    proc.put({.pid = 20, .start_ticks = 100, .ppid = 1, .comm = "other"});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    const bool follow = GENERATE(true, false);
    ProcessFilter filter({.comms = {"shell"}, .follow = follow});
    filter.start(table);
    const auto wants = [&](uint32_t pid) { return filter.wants(table.find_live(pid), nullptr); };
    CHECK(wants(10));
    CHECK(wants(11) == follow);
    CHECK(wants(12) == follow);
    CHECK_FALSE(wants(1));
    CHECK_FALSE(wants(20));

    const Process* later = fork(table, filter, 30, 12);
    CHECK(wants(30) == follow);
    const Process* stranger = fork(table, filter, 31, 20);
    CHECK_FALSE(filter.wants(stranger, nullptr));
    CHECK(filter.wants(stranger, later) == follow);

    // Orphans and those with another name stay followed; a later owner of the pid is not.
    test::apply(table, make_event(PIDCAP_EVENT_EXIT, 12, 120, 11, "grandchild"));
    test::apply(table, make_event(PIDCAP_EVENT_RENAME, 30, 200, 1, "daemon"));
    CHECK(wants(30) == follow);
    fork(table, filter, 12, 20, 300);
    CHECK_FALSE(wants(12));
}

TEST_CASE("a circle of parents doesn't hold up a filter that follows") {
    const test::FakeProc proc;
    proc.put({.pid = 10, .start_ticks = 100, .ppid = 11});  // started within one tick
    proc.put({.pid = 11, .start_ticks = 100, .ppid = 10});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    REQUIRE(table.parent(*table.parent(*table.find_live(10))) == table.find_live(10));
    ProcessFilter filter({.comms = {"nobody"}, .follow = true});
    filter.start(table);
    CHECK_FALSE(filter.wants(table.find_live(10), nullptr));
}
