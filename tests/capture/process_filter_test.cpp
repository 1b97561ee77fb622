// SPDX-License-Identifier: GPL-2.0-only
#include "capture/process_filter.h"

#include <catch2/catch.hpp>

#include "tests/capture/table_fixture.h"

using capture::Process;
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

capture::Packet make_packet(const Process* self, const Process* peer = nullptr) {
    capture::Packet packet;
    packet.self = {self, 1, PIDCAP_VIA_SOCKET, self != nullptr ? self->uid : 0};
    if (peer != nullptr) {
        packet.peer = {peer, 1, PIDCAP_VIA_LOOKUP, peer->uid};
    }
    return packet;
}

bool wants(const ProcessFilter& filter, const Process* self, const Process* peer = nullptr) {
    return filter.wants(make_packet(self, peer));
}

// Forks as a session does.
const Process* fork(ProcessTable& table, ProcessFilter& filter, uint32_t pid, uint32_t ppid,
                    uint64_t start_ticks = 200) {
    test::apply(table, make_event(PIDCAP_EVENT_FORK, pid, start_ticks, ppid, "fake"));
    const Process* child = table.find_live(pid);
    REQUIRE(child != nullptr);
    filter.forked(*child, table);
    return child;
}

}  // namespace

TEST_CASE("without conditions every packet is wanted, also one without a process") {
    const ProcessFilter filter;
    const Process process = make_process(1, "a", 0);
    CHECK(wants(filter, nullptr));
    CHECK(wants(filter, &process));
}

TEST_CASE("values of one condition are joined by or, conditions by and") {
    const ProcessFilter filter({.comms = {"curl", "wget"}, .uids = {1000, 33}});
    const auto wants_these = [&filter](const char* comm, uint32_t uid) {
        const Process process = make_process(7, comm, uid);
        return wants(filter, &process);
    };
    CHECK(wants_these("curl", 1000));
    CHECK(wants_these("wget", 33));
    CHECK_FALSE(wants_these("curl", 0));
    CHECK_FALSE(wants_these("nginx", 33));
    CHECK_FALSE(wants_these("cur", 33));
    CHECK_FALSE(wants(filter, nullptr));
}

TEST_CASE("a packet is wanted for either of its ends, but one of them must match alone") {
    const ProcessFilter filter({.comms = {"curl"}, .uids = {1000}});
    const Process match = make_process(7, "curl", 1000);
    const Process half = make_process(8, "curl", 0);
    const Process other_half = make_process(9, "nginx", 1000);
    CHECK(wants(filter, &match));
    CHECK(wants(filter, &other_half, &match));
    CHECK(wants(filter, nullptr, &match));
    CHECK_FALSE(wants(filter, &half, &other_half));
}

TEST_CASE("the user that counts is the packet's own, not what the process has become") {
    const ProcessFilter filter({.uids = {1000}});
    const Process process = make_process(7, "sudo", 0);
    capture::Packet packet = make_packet(&process);
    CHECK_FALSE(filter.wants(packet));
    packet.self.uid = 1000;
    CHECK(filter.wants(packet));
    const Process former = make_process(8, "daemon", 1000);
    packet = make_packet(nullptr, &former);
    CHECK(filter.wants(packet));
    packet.peer->uid = 0;
    CHECK_FALSE(filter.wants(packet));
    CHECK(filter.wants(former));  // of its events: as the user of the last one
}

TEST_CASE("a child is followed if it was forked by a wanted user, heard of or not") {
    const test::FakeProc proc;
    proc.put({.pid = 10, .start_ticks = 100, .ppid = 1, .comm = "shell"});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    ProcessFilter filter({.uids = {1000}, .follow = true});
    filter.start(table);
    auto event = make_event(PIDCAP_EVENT_FORK, 11, 200, 10, "shell");
    event.uid = 1000;  // the parent has called setuid(2), of which no event tells
    test::apply(table, event);
    filter.forked(*table.find_live(11), table);
    event.type = PIDCAP_EVENT_EXEC;
    event.uid = 0;  // a set-user-ID program
    test::apply_exec(table, event, "sudo", "sudo");
    CHECK(wants(filter, table.find_live(11)));
    CHECK_FALSE(wants(filter, table.find_live(10)));
}

TEST_CASE("very many followed processes are forgotten when the table has forgotten them") {
    const test::FakeProc proc;
    proc.put({.pid = 10, .start_ticks = 100, .ppid = 1, .comm = "shell"});
    ProcessTable table = test::make_table(proc, {.grace_ns = 0, .max_exited = 10});
    REQUIRE(table.scan().ok());
    ProcessFilter filter({.comms = {"shell"}, .follow = true});
    filter.start(table);
    const Process first = *fork(table, filter, 11, 10);
    CHECK(wants(filter, &first));
    uint64_t now = 0;
    for (uint32_t pid = 12; pid < 12 + ProcessFilter::kFollowed; pid++) {
        fork(table, filter, pid, 10);
        test::apply(table, make_event(PIDCAP_EVENT_EXIT, pid - 1, 200, 10, "fake"));
        if (pid % 256 == 0) {
            table.expire(now += test::kSecond);
        }
    }
    CHECK_FALSE(wants(filter, &first));
    CHECK(wants(filter, table.find_live(11 + ProcessFilter::kFollowed)));
}

TEST_CASE("a process that took the pid is not the one asked for") {
    const ProcessFilter filter({.processes = {ProcessKey{7, 100}}});
    Process process = make_process(7, "a", 0);
    CHECK(wants(filter, &process));
    process.key.start_boot = 100 * test::kTick + 1;
    CHECK_FALSE(wants(filter, &process));
    process.key = {7, 101};
    CHECK_FALSE(wants(filter, &process));
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
    const auto wants_pid = [&](uint32_t pid) { return wants(filter, table.find_live(pid)); };
    CHECK(wants_pid(10));
    CHECK(wants_pid(11) == follow);
    CHECK(wants_pid(12) == follow);
    CHECK_FALSE(wants_pid(1));
    CHECK_FALSE(wants_pid(20));

    const Process* later = fork(table, filter, 30, 12);
    CHECK(wants_pid(30) == follow);
    const Process* stranger = fork(table, filter, 31, 20);
    CHECK_FALSE(wants(filter, stranger));
    CHECK(wants(filter, stranger, later) == follow);

    // Orphans and those with another name stay followed; a later owner of the pid is not.
    test::apply(table, make_event(PIDCAP_EVENT_EXIT, 12, 120, 11, "grandchild"));
    test::apply(table, make_event(PIDCAP_EVENT_RENAME, 30, 200, 1, "daemon"));
    CHECK(wants_pid(30) == follow);
    fork(table, filter, 12, 20, 300);
    CHECK_FALSE(wants_pid(12));
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
    CHECK_FALSE(wants(filter, table.find_live(10)));
}
