// SPDX-License-Identifier: GPL-2.0-only
#include "packet/filter/process_filter.h"

#include <catch2/catch.hpp>

#include "tests/capture/processes/table_fixture.h"

using capture::ProcessTable;
using packet::Process;
using packet::ProcessConditions;
using packet::ProcessExpression;
using packet::ProcessFilter;
using packet::Via;
using test::make_event;

namespace {

// Knows of no parent, and forgets nobody.
class NoAncestry : public packet::Ancestry {
  public:
    std::optional<Parent> parent_of(const Process& /*child*/) override { return std::nullopt; }
    void for_each(const std::function<void(const Process&)>& /*visit*/) const override {}
    bool knows(uint32_t /*number*/) const override { return true; }
    uint64_t generation() const override { return 0; }
};

ProcessConditions make_conditions(const char* text, bool follow = false) {
    auto parsed = packet::parse_process_expression(text);
    REQUIRE(std::holds_alternative<ProcessExpression>(parsed));
    return {std::get<ProcessExpression>(parsed), follow};
}

// As a session does.
ProcessFilter start(ProcessTable& table, const char* text, bool follow = false) {
    const auto resolved = make_conditions(text).expression.resolved([&table](uint32_t pid) {
        const Process* process = table.find_live(pid);
        return process != nullptr ? std::optional(process->number) : std::nullopt;
    });
    REQUIRE(resolved.ok());
    ProcessFilter filter({*resolved, follow}, table);
    filter.start();
    return filter;
}

Process make_process(uint32_t pid, const char* comm, uint32_t uid) {
    Process process;
    process.number = pid;
    process.pid = pid;
    process.comm = comm;
    process.uid = uid;
    process.gid = 0;
    return process;
}

packet::Packet make_packet(const Process* self, const Process* peer = nullptr) {
    packet::Packet packet;
    packet.self.via = Via::kUnknown;
    if (self != nullptr) {
        packet.self = {self, 1, Via::kSocket, self->uid, self->gid};
    }
    if (peer != nullptr) {
        packet.peer = {peer, 1, Via::kLookup, peer->uid, peer->gid};
    }
    return packet;
}

bool wants(ProcessFilter& filter, const Process* self, const Process* peer = nullptr) {
    return filter.wants(make_packet(self, peer));
}

// Forks as a session does.
const Process* fork(ProcessTable& table, ProcessFilter& filter, uint32_t pid, uint32_t ppid,
                    uint64_t start_ticks = 200) {
    test::apply(table, make_event(PIDCAP_EVENT_FORK, pid, start_ticks, ppid, "fake"));
    const Process* child = table.find_live(pid);
    REQUIRE(child != nullptr);
    filter.forked(*child);
    return child;
}

}  // namespace

TEST_CASE("without conditions every packet is wanted, also one without a process") {
    ProcessFilter filter;
    const Process process = make_process(1, "a", 0);
    CHECK(wants(filter, nullptr));
    CHECK(wants(filter, &process));
}

TEST_CASE("a process is wanted if the expression holds for it") {
    NoAncestry strangers;
    ProcessFilter filter(make_conditions("comm in {curl, wget} and uid in {1000, 33}"), strangers);
    uint32_t pid = 7;
    const auto wants_these = [&](const char* comm, uint32_t uid) {
        const Process process = make_process(pid++, comm, uid);
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
    NoAncestry strangers;
    ProcessFilter filter(make_conditions("comm = curl and uid = 1000"), strangers);
    const Process match = make_process(7, "curl", 1000);
    const Process half = make_process(8, "curl", 0);
    const Process other_half = make_process(9, "nginx", 1000);
    CHECK(wants(filter, &match));
    CHECK(wants(filter, &other_half, &match));
    CHECK(wants(filter, nullptr, &match));
    CHECK_FALSE(wants(filter, &half, &other_half));
}

TEST_CASE("the user that counts is the packet's own, not what the process has become") {
    NoAncestry strangers;
    ProcessFilter filter(make_conditions("uid = 1000"), strangers);
    const Process process = make_process(7, "sudo", 0);
    packet::Packet packet = make_packet(&process);
    CHECK_FALSE(filter.wants(packet));
    packet.self.uid = 1000;
    CHECK(filter.wants(packet));
    const Process former = make_process(8, "daemon", 1000);
    packet = make_packet(nullptr, &former);
    CHECK(filter.wants(packet));
    packet.peer.uid = 0;
    CHECK_FALSE(filter.wants(packet));
    CHECK(filter.wants(former));  // of its events: as the user of the last one
}

TEST_CASE("a child is followed if it was forked by a wanted user, heard of or not") {
    const test::FakeProc proc;
    proc.put({.pid = 10, .start_ticks = 100, .ppid = 1, .comm = "shell"});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    ProcessFilter filter = start(table, "uid = 1000", true);
    auto event = make_event(PIDCAP_EVENT_FORK, 11, 200, 10, "shell");
    event.uid = 1000;  // the parent has called setuid(2), of which no event tells
    test::apply(table, event);
    filter.forked(*table.find_live(11));
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
    ProcessFilter filter = start(table, "comm = shell", true);
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
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    auto event = make_event(PIDCAP_EVENT_FORK, 7, 100, 1, "a");
    test::apply(table, event);
    ProcessFilter filter = start(table, "pid = 7");
    const Process* process = table.find_live(7);
    CHECK(wants(filter, process));
    event.start_boot += 1;
    test::apply(table, event);
    REQUIRE(table.find_live(7) != process);
    CHECK_FALSE(wants(filter, table.find_live(7)));
    fork(table, filter, 7, 1, 101);
    CHECK_FALSE(wants(filter, table.find_live(7)));
    CHECK(wants(filter, process));
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
    ProcessFilter filter = start(table, "comm = shell", follow);
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
    REQUIRE(test::parent(table, *test::parent(table, *table.find_live(10))) == table.find_live(10));
    ProcessFilter filter = start(table, "comm = nobody or tree = 10", true);
    CHECK(wants(filter, table.find_live(10)));
    CHECK(wants(filter, table.find_live(11)));
}

TEST_CASE("a tree holds its root and its descendants, those there are and those to come") {
    const test::FakeProc proc;
    proc.put({.pid = 1, .start_ticks = 1, .ppid = 0, .comm = "init"});
    proc.put({.pid = 10, .start_ticks = 100, .ppid = 1});
    proc.put({.pid = 11, .start_ticks = 110, .ppid = 10});
    proc.put({.pid = 20, .start_ticks = 100, .ppid = 1});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    ProcessFilter filter = start(table, "tree = 10");
    ProcessFilter others = start(table, "tree != 10");
    const auto check = [&](uint32_t pid, bool wanted) {
        CAPTURE(pid);
        CHECK(wants(filter, table.find_live(pid)) == wanted);
        CHECK(wants(others, table.find_live(pid)) == !wanted);
    };
    const auto fork_in_both = [&](uint32_t pid, uint32_t ppid, uint64_t start_ticks) {
        others.forked(*fork(table, filter, pid, ppid, start_ticks));
    };
    check(1, false);
    check(10, true);
    check(11, true);
    check(20, false);
    fork_in_both(30, 11, 200);
    fork_in_both(31, 20, 200);
    check(30, true);
    check(31, false);
    // Orphans stay, the end of the root changes nothing, and its pid alone is not its tree.
    test::apply(table, make_event(PIDCAP_EVENT_EXIT, 11, 110, 10, "fake"));
    test::apply(table, make_event(PIDCAP_EVENT_EXIT, 10, 100, 1, "fake"));
    fork_in_both(32, 30, 300);
    check(32, true);
    fork_in_both(10, 20, 300);
    check(10, false);
    fork_in_both(33, 10, 301);
    check(33, false);
}

TEST_CASE("a process is in the tree though it was asked for before its fork was told") {
    const test::FakeProc proc;
    proc.put({.pid = 10, .start_ticks = 100, .ppid = 1});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    ProcessFilter filter = start(table, "tree = 10");
    proc.put({.pid = 11, .start_ticks = 200, .ppid = 10});
    const Process* child = table.find(test::make_owner(11, 200, "fake"));
    REQUIRE_FALSE(wants(filter, child));
    fork(table, filter, 11, 10);
    CHECK(wants(filter, table.find_live(11)));
}

TEST_CASE("a process is followed as every user though it was asked for before its fork was told") {
    const test::FakeProc proc;
    proc.put({.pid = 10, .start_ticks = 100, .ppid = 1, .comm = "shell"});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    ProcessFilter filter = start(table, "comm = shell", true);
    proc.put({.pid = 11, .start_ticks = 200, .ppid = 10});
    const Process* child = table.find(test::make_owner(11, 200, "fake"));
    packet::Packet as_other = make_packet(child);
    as_other.self.uid = 1000;
    REQUIRE_FALSE(wants(filter, child));
    REQUIRE_FALSE(filter.wants(as_other));
    fork(table, filter, 11, 10);
    CHECK(wants(filter, child));
    CHECK(filter.wants(as_other));
}

TEST_CASE("an answer is kept for as long as nothing changes, for each user and group of its own") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 10, 100, 1, "shell"));
    ProcessFilter filter(make_conditions("comm = curl and gid = 5"), table);
    const auto wants_as = [&](uint32_t uid, uint32_t gid) {
        packet::Packet packet;
        packet.self = {table.find_live(10), 10, Via::kSocket, uid, gid};
        return filter.wants(packet);
    };
    CHECK_FALSE(wants_as(0, 5));
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "curl"), "curl", "curl");
    CHECK(wants_as(0, 5));
    CHECK_FALSE(wants_as(0, 6));
    CHECK(wants_as(1, 5));
    CHECK(wants_as(0, 5));
    test::apply(table, make_event(PIDCAP_EVENT_RENAME, 10, 100, 1, "other"));
    CHECK_FALSE(wants_as(0, 5));
}

TEST_CASE("a process that the table forgot and made anew is asked about anew") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc, {.grace_ns = 0});
    ProcessFilter filter(make_conditions("comm = first"), table);
    const auto owner = [](const char* comm) { return test::make_owner(10, 100, comm); };
    CHECK(wants(filter, table.find(owner("first"))));
    uint64_t now = 0;
    while (table.size() > 0) {
        table.expire(now += test::kSecond);
    }
    CHECK_FALSE(wants(filter, table.find(owner("second"))));
}

TEST_CASE("a packet without a process is wanted for its reason, and never for a process") {
    const auto wants_via = [](const char* text, Via via) {
        packet::Packet packet;
        packet.self.via = via;
        NoAncestry strangers;
        ProcessFilter filter(make_conditions(text), strangers);
        CHECK(filter.wants_without_process(via) == filter.wants(packet));
        return filter.wants(packet);
    };
    CHECK(wants_via("kernel", Via::kKernel));
    CHECK_FALSE(wants_via("kernel", Via::kUnknown));
    CHECK(wants_via("unattributed", Via::kKernel));
    CHECK(wants_via("unattributed", Via::kForwarded));
    CHECK_FALSE(wants_via("comm != curl", Via::kUnknown));
    CHECK_FALSE(wants_via("comm = \"\"", Via::kUnknown));
    CHECK(wants_via("comm = curl or kernel", Via::kKernel));
    const Process curl = make_process(7, "curl", 0);
    NoAncestry strangers;
    ProcessFilter unattributed(make_conditions("unattributed"), strangers);
    CHECK_FALSE(wants(unattributed, &curl));
    CHECK_FALSE(wants(unattributed, nullptr, &curl));
    ProcessFilter attributed(make_conditions("not unattributed"), strangers);
    CHECK(wants(attributed, nullptr, &curl));
    CHECK_FALSE(wants(attributed, nullptr));
}

TEST_CASE("a negated condition wants a packet if either end is another process") {
    NoAncestry strangers;
    ProcessFilter filter(make_conditions("comm != curl"), strangers);
    const Process curl = make_process(7, "curl", 0);
    const Process server = make_process(8, "server", 0);
    CHECK_FALSE(wants(filter, &curl));
    CHECK_FALSE(wants(filter, &curl, &curl));
    CHECK(wants(filter, &curl, &server));
}
