// SPDX-License-Identifier: GPL-2.0-only
//
// A ProcessTable in a PID namespace of its own, with a kernel that a test makes up.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "capture/processes/end_finder.h"
#include "tests/capture/processes/table_fixture.h"

using capture::Process;
using capture::ProcessTable;
using test::at;
using test::make_event;
using test::make_owner;

namespace {

// Processes with one thread each.
struct FakeKernel : capture::KernelPids {
    std::vector<pidcap_pids> alive;

    void add(uint32_t host, uint32_t own, uint64_t start_ticks) {
        alive.push_back({start_ticks * test::kTick + test::kTick / 2, host, host, own, own});
    }
    std::optional<pidcap_pids> by_own(uint32_t number) const override {
        for (const pidcap_pids& one : alive) {
            if (one.own_tid == number && number != 0) {
                return one;
            }
        }
        return std::nullopt;
    }
    std::optional<pidcap_pids> by_host(uint32_t number) const override {
        for (const pidcap_pids& one : alive) {
            if (one.tid == number) {
                return one;
            }
        }
        return std::nullopt;
    }
};

// A container: pid 7 there is 4007 on the host.
struct Container {
    test::FakeProc proc;
    FakeKernel kernel;
    ProcessTable table;

    Container() : table(make()) { table.translate_by(kernel); }

  private:
    ProcessTable make() const {
        std::filesystem::create_directories(proc.root() + "/self/ns");
        std::filesystem::create_symlink("pid:[4026532999]", proc.root() + "/self/ns/pid");
        proc.write(proc.root() + "/self/status", "Tgid:\t9\nUid:\t0\t0\nGid:\t0\t0\nNSpid:\t9\n");
        return test::make_table(proc);
    }
};

pidcap_event inside(pidcap_event event, uint32_t own_tgid, uint32_t own_ppid) {
    event.own_tgid = event.own_tid = own_tgid;
    event.own_ppid = own_ppid;
    return event;
}

}  // namespace

TEST_CASE("scan() finds the kernel's pid of each process of /proc, if it is still the same") {
    Container container;
    container.proc.put({.pid = 1, .start_ticks = 400, .ppid = 0, .comm = "init"});
    container.proc.put({.pid = 7, .start_ticks = 500, .ppid = 1, .comm = "web"});
    container.proc.put({.pid = 8, .start_ticks = 500, .ppid = 1, .comm = "reused"});
    container.proc.put({.pid = 9, .start_ticks = 500, .ppid = 1, .comm = "ended"});
    container.kernel.add(4001, 1, 400);
    container.kernel.add(4007, 7, 500);
    container.kernel.add(4100, 8, 600);
    ProcessTable& table = container.table;
    REQUIRE(table.scan().ok());
    CHECK(table.size() == 2);
    const Process* web = table.find_live(7);
    REQUIRE(web != nullptr);
    CHECK(web->pid == 7);
    CHECK(web->host_pid == 4007);
    CHECK(web->pidns == 0);
    CHECK(web->ppid == 1);
    CHECK(web->parent_comm == "init");
    CHECK(test::parent(table, *web) == table.find_live(1));
    CHECK(table.find(make_owner(4007, 500, "web")) == web);
    CHECK(table.find_live(4007) == nullptr);
}

TEST_CASE("a process outside has the host's pid with a mark, and is never read from /proc") {
    Container container;
    container.proc.put({.pid = 4050, .start_ticks = 500, .comm = "namesake"});
    container.kernel.add(4050, 0, 500);
    ProcessTable& table = container.table;
    pidcap_owner owner = make_owner(4050, 500, "outside", 65534);
    const Process* process = table.find(owner);
    REQUIRE(process != nullptr);
    CHECK(process->pid == 4050);
    CHECK(process->host_pid == 4050);
    CHECK(process->pidns == capture::kInitialPidNamespace);
    CHECK(process->comm == "outside");
    CHECK(process->exe.empty());
    CHECK(process->uid == 65534);
    CHECK(process->user.empty());
    CHECK(table.find_live(4050) == nullptr);
    owner.tid = 4051;
    CHECK(table.thread_of(*process, owner) == 4051);

    SECTION("an end of which no event came is noticed") {
        container.kernel.alive.clear();
        table.expire(test::kSecond);
        table.expire(200 * test::kSecond);
        table.expire(400 * test::kSecond);
        CHECK(table.size() == 0);
    }
    SECTION("its children have its pid as parent, and what it executes") {
        test::apply_exec(table, at(5, make_event(PIDCAP_EVENT_EXEC, 4050, 500, 1, "runc")),
                         std::string_view("runc\0bin\0", 9), std::string_view("runc\0", 5));
        test::apply(table, at(6, make_event(PIDCAP_EVENT_FORK, 4060, 600, 4050, "runc")));
        const Process* child = table.find(make_owner(4060, 600, "runc"));
        CHECK(child->ppid == 4050);
        CHECK(child->pidns != 0);
        CHECK(child->exe == "/bin/runc");
        // One that begins the namespace has no parent there, as /proc shows it.
        test::apply(table,
                    at(7, inside(make_event(PIDCAP_EVENT_FORK, 4070, 700, 4050, "runc"), 1, 0)));
        const Process* init = table.find_live(1);
        REQUIRE(init != nullptr);
        CHECK_FALSE(init->ppid.has_value());
        CHECK(init->parent_comm.empty());
        CHECK(init->exe == "/bin/runc");
        CHECK_FALSE(table.parent_of(*init).has_value());
    }
}

TEST_CASE("an owner without a fork event is who the kernel says now, if it started then") {
    Container container;
    container.proc.put({.pid = 7, .start_ticks = 500, .ppid = 0, .comm = "web"});
    container.kernel.add(4007, 7, 500);
    ProcessTable& table = container.table;
    const Process* web = table.find(make_owner(4007, 500, "web"));
    REQUIRE(web != nullptr);
    CHECK(web->pid == 7);
    CHECK(web->exe == "/bin/fake");
    // Its pid has been used again since: nothing is known of the namespace that this one was in.
    const Process* before = table.find(make_owner(4007, 450, "before"));
    CHECK(before->pid == 4007);
    CHECK(before->pidns == capture::kInitialPidNamespace);
    CHECK(before->exe.empty());
}

TEST_CASE("a pid of /proc that is used again is the younger process's") {
    Container container;
    container.kernel.add(4007, 7, 500);
    container.proc.put({.pid = 7, .start_ticks = 500, .comm = "old"});
    ProcessTable& table = container.table;
    REQUIRE(table.scan().ok());
    container.proc.put({.pid = 7, .start_ticks = 900, .comm = "new"});
    container.kernel.alive.clear();
    container.kernel.add(4400, 7, 900);
    // The old one's exit was lost.
    test::apply(table, at(5, inside(make_event(PIDCAP_EVENT_FORK, 4400, 900, 1, "new"), 7, 1)));
    REQUIRE(table.find_live(7) != nullptr);
    CHECK(table.find_live(7)->comm == "new");
    CHECK(table.find(make_owner(4007, 500, "old"))->comm == "old");
    CHECK(table.find(make_owner(4400, 900, "new")) == table.find_live(7));
}

TEST_CASE("a socket's owner of /proc is the kernel's process, or nobody's") {
    Container container;
    container.kernel.add(4007, 7, 500);
    const auto owner = container.table.as_in_kernel(make_owner(7, 500, "web"));
    REQUIRE(owner);
    CHECK(owner->tgid == 4007);
    CHECK(owner->tid == 4007);
    CHECK_FALSE(container.table.as_in_kernel(make_owner(7, 501, "web")));
    CHECK_FALSE(container.table.as_in_kernel(make_owner(4007, 500, "web")));
}

TEST_CASE("the number of a thread in a container is asked for with each packet") {
    Container container;
    container.proc.put({.pid = 7, .start_ticks = 500, .comm = "web"});
    container.kernel.add(4007, 7, 500);
    REQUIRE(container.table.scan().ok());
    pidcap_pids thread = container.kernel.alive.back();
    thread.tid = 4008;
    thread.own_tid = 8;
    container.kernel.alive.push_back(thread);

    capture::EndFinder ends(container.table);
    pidcap_packet record{};
    record.owner = make_owner(4007, 500, "web");
    record.owner.tid = 4008;
    capture::Packet packet;
    ends.find(record, packet);
    CHECK(packet.self.tid == 8);
    // The thread has ended, and a later one has its number on the host.
    container.kernel.alive.back().own_tid = 9;
    ends.find(record, packet);
    CHECK(packet.self.tid == 9);
}
