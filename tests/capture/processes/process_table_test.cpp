// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/process_table.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/capture/processes/table_fixture.h"
#include "tests/support/child.h"

using capture::Process;
using capture::ProcessKey;
using capture::ProcessTable;
using namespace std::string_view_literals;
using test::at;
using test::make_event;
using test::make_owner;

TEST_CASE("scan() knows every process with its parent's name") {
    const test::FakeProc proc;
    proc.put({.pid = 1, .start_ticks = 1, .ppid = 0, .comm = "init"});
    proc.put({.pid = 50,
              .start_ticks = 900,
              .uid = 65534,
              .comm = "we) b",
              .exe = "/bin/web",
              .cgroup = "/system.slice/web.service"});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    CHECK(table.size() == 2);
    const Process* web = table.find_live(50);
    REQUIRE(web != nullptr);
    CHECK(web == table.find(ProcessKey{50, 900}));
    CHECK(web->pid == 50);
    CHECK(web->start_ns == table.clock().since_epoch(900));
    CHECK(web->comm == "we) b");
    CHECK(web->ppid == 1);
    CHECK(web->parent_comm == "init");
    CHECK(web->exe == "/bin/web");
    CHECK(web->cmdline == "fake\0"sv);
    CHECK(web->uid == 65534);
    CHECK(web->user == "nobody");
    CHECK(web->nspid == 5);
    CHECK(web->netns == 4026531840);
    CHECK(web->cgroup == "/system.slice/web.service");
    CHECK(web->unit == "web.service");
    CHECK(web->version > 0);
    CHECK(test::parent(table, *web) == table.find_live(1));
}

TEST_CASE("an owner leads to its process whatever part of the tick it started in") {
    const test::FakeProc proc;
    proc.put({.pid = 50, .start_ticks = 900});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    pidcap_owner owner = make_owner(50, 900, "fake");
    owner.start_boot = 900 * test::kTick;
    const Process* process = table.find(owner);
    CHECK(process == table.find_live(50));
    owner.start_boot = 901 * test::kTick - 1;
    CHECK(table.find(owner) == process);
    owner.start_boot = 901 * test::kTick;
    CHECK(table.find(owner) != process);
    owner.tgid = 0;
    CHECK(table.find(owner) == nullptr);
}

TEST_CASE("an owner that /proc shows under another start time gets nothing from there") {
    const test::FakeProc proc;
    proc.put({.pid = 50, .start_ticks = 1000, .uid = 33, .comm = "new", .exe = "/bin/new"});
    ProcessTable table = test::make_table(proc);
    const Process* old = table.find(make_owner(50, 900, "old", 1234));
    REQUIRE(old != nullptr);
    CHECK(old->comm == "old");
    CHECK(old->uid == 1234);
    CHECK(old->exe.empty());
    CHECK(old->cmdline.empty());
    CHECK(test::has_exited(table, *old));
    const Process* current = table.find(make_owner(50, 1000, "new", 33));
    CHECK(current->exe == "/bin/new");
    CHECK(table.find_live(50) == current);
    CHECK(table.find(make_owner(50, 900, "old", 1234)) == old);
}

TEST_CASE("a process by its number is nobody else who has its pid later") {
    const test::FakeProc proc;
    proc.put({.pid = 50, .start_ticks = 900, .uid = 33});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    const Process* old = table.find_live(50);
    const auto stat = table.stat_of(old->number);
    REQUIRE(stat.ok());
    CHECK(stat->resident_pages == 101);  // FakeProc's
    const auto owner = table.owner_of(old->number);
    REQUIRE(owner);
    CHECK(owner->uid == 33);
    CHECK(table.find(*owner) == old);
    // /proc shows the other one before its events come.
    proc.put({.pid = 50, .start_ticks = 901, .uid = 33});
    CHECK(table.stat_of(old->number).error().code == ESRCH);
    test::apply(table, make_event(PIDCAP_EVENT_EXIT, 50, 900, 1, "fake"));
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 50, 901, 1, "fake"));
    CHECK(table.stat_of(old->number).error().code == ESRCH);
    CHECK_FALSE(table.owner_of(old->number));
    const Process* current = table.find_live(50);
    CHECK(table.stat_of(current->number).ok());
    CHECK(table.find(*table.owner_of(current->number)) == current);
    CHECK_FALSE(table.owner_of(current->number + 1));
}

TEST_CASE("an owner that is not known is completed from /proc where that is the same process") {
    const test::FakeProc proc;
    proc.put({.pid = 1, .start_ticks = 1, .ppid = 0, .comm = "init"});
    proc.put({.pid = 50, .start_ticks = 900, .exe = "/bin/web"});
    ProcessTable table = test::make_table(proc);
    const Process* process = table.find(make_owner(50, 900, "fake"));
    CHECK(process->exe == "/bin/web");
    CHECK(process->parent_comm == "init");
    CHECK_FALSE(test::has_exited(table, *process));
}

TEST_CASE("a fork without exec has its parent's executable and command line, and its own name") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "server"), "server\0bin\0"sv,
                     "server\0-p\0"sv);
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 11, 200, 10, "server"));
    test::apply(table, make_event(PIDCAP_EVENT_RENAME, 11, 200, 10, "worker"));
    const Process* worker = table.find(make_owner(11, 200, "worker"));
    CHECK(worker->exe == "/bin/server");
    CHECK(worker->cmdline == "server\0-p\0"sv);
    CHECK(worker->comm == "worker");
    CHECK(worker->parent_comm == "server");
    CHECK(worker->ppid == 10);
    CHECK(test::parent(table, *worker) == table.find_live(10));
    CHECK(table.find_live(10)->comm == "server");
}

TEST_CASE("an exec changes executable, command line and name, and the version says so") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "sh"), "sh\0bin\0"sv,
                     "sh\0"sv);
    const Process* process = table.find(make_owner(10, 100, "sh"));
    const uint32_t version = process->version;
    CHECK(table.find(make_owner(10, 100, "sh"))->version == version);
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "curl"), "curl\0bin\0usr\0"sv,
                     "curl\0http://x\0"sv);
    CHECK(table.find(make_owner(10, 100, "curl")) == process);
    CHECK(process->version > version);
    CHECK(process->exe == "/usr/bin/curl");
    CHECK(process->cmdline == "curl\0http://x\0"sv);
    CHECK(process->comm == "curl");
}

TEST_CASE("an exec tells the file, and its mount namespace if it isn't process 1's") {
    const test::FakeProc proc;
    proc.put({.pid = 1, .start_ticks = 1});
    const std::string first = proc.root() + "/1/ns";
    std::filesystem::create_directories(first);
    std::filesystem::create_symlink("mnt:[4026531841]", first + "/mnt");
    ProcessTable table = test::make_table(proc);
    pidcap_event exec = make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "curl");
    exec.exe_inode = 77;
    exec.exe_device = 8 << 20 | 1;
    exec.mntns = 4026532999;
    test::apply_exec(table, exec, "curl\0bin\0"sv, "curl\0"sv);
    const Process* process = table.find(make_owner(10, 100, "curl"));
    CHECK(process->exe_inode == 77);
    CHECK(process->exe_device == "8:1");
    CHECK(process->mntns == 4026532999);
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 11, 110, 10, "curl"));
    const Process* child = table.find_live(11);
    CHECK(child->exe_inode == 77);
    CHECK(child->exe_device == "8:1");
    CHECK(child->mntns == 4026532999);
    exec.mntns = 4026531841;
    test::apply_exec(table, exec, "curl\0bin\0"sv, "curl\0"sv);
    CHECK(process->mntns == 0);
    CHECK(child->mntns == 4026532999);
}

TEST_CASE("a child of a renamed parent keeps the name that the parent had at the fork") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "sh"), "sh\0bin\0"sv,
                     "sh\0"sv);
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 11, 200, 10, "sh"));
    test::apply(table, make_event(PIDCAP_EVENT_RENAME, 10, 100, 1, "other"));
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 11, 200, 1, "id"), "id\0bin\0"sv,
                     "id\0"sv);
    CHECK(table.find_live(11)->parent_comm == "sh");
    CHECK(table.find_live(11)->ppid == 10);
}

TEST_CASE("a younger process with the parent's pid is not the parent") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 300, 1, "late"), "late\0bin\0"sv, {});
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 11, 200, 10, "late"));
    CHECK(table.find_live(11)->exe.empty());
    CHECK(table.find_live(11)->parent_comm.empty());
    CHECK(test::parent(table, *table.find_live(11)) == nullptr);
}

TEST_CASE("a sibling made with CLONE_PARENT doesn't inherit its parent's executable") {
    const test::FakeProc proc;
    proc.put({.pid = 11, .start_ticks = 200, .ppid = 10, .comm = "runc", .exe = "/bin/runc"});
    ProcessTable table = test::make_table(proc);
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "shim"), "shim\0bin\0"sv, {});
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 11, 200, 10, "runc"));
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 12, 200, 10, "runc"));
    CHECK(table.find_live(11)->exe == "/bin/runc");
    CHECK(table.find_live(12)->exe.empty());
}

TEST_CASE("a fork event that is older than the scan doesn't undo what was seen") {
    const test::FakeProc proc;
    proc.put({.pid = 11, .start_ticks = 200, .ppid = 10, .comm = "curl", .exe = "/bin/curl"});
    proc.put({.pid = 10, .start_ticks = 100, .comm = "sh", .exe = "/bin/sh"});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 11, 200, 10, "sh"));
    CHECK(table.find_live(11)->exe == "/bin/curl");
    CHECK(table.find_live(11)->comm == "curl");
}

TEST_CASE("a pid that is used again is another process") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "old"), "old\0bin\0"sv, {});
    SECTION("after its end was told") {
        test::apply(table, make_event(PIDCAP_EVENT_EXIT, 10, 100, 1, "old"));
    }
    SECTION("after its end was lost") {}
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 200, 1, "new"), "new\0bin\0"sv, {});
    const Process* old = table.find(make_owner(10, 100, "old"));
    const Process* current = table.find(make_owner(10, 200, "new"));
    CHECK(old->exe == "/bin/old");
    CHECK(test::has_exited(table, *old));
    CHECK(current->exe == "/bin/new");
    CHECK_FALSE(test::has_exited(table, *current));
    CHECK(table.find_live(10) == current);
}

TEST_CASE("a pid that is used again within one clock tick is another process") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    const auto after = [](auto record, uint64_t ns) {
        record.start_boot += ns;
        return record;
    };
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "true"), "true\0bin\0"sv, {});
    SECTION("after its end was told") {
        test::apply(table, make_event(PIDCAP_EVENT_EXIT, 10, 100, 1, "true"));
    }
    SECTION("after its end was lost") {}
    test::apply(table, after(make_event(PIDCAP_EVENT_FORK, 10, 100, 1, "fork"), 1'000'000));
    const Process* old = table.find(make_owner(10, 100, "true"));
    const Process* current = table.find(after(make_owner(10, 100, "fork"), 1'000'000));
    CHECK(old->exe == "/bin/true");
    CHECK(test::has_exited(table, *old));
    CHECK(current->comm == "fork");
    CHECK(current->exe.empty());
    CHECK(table.find_live(10) == current);
    CHECK(table.find(ProcessKey{10, 100}) == current);
    CHECK(table.find(ProcessKey{10, 100, make_owner(10, 100, "true").start_boot}) == old);
    CHECK(old->number != current->number);
    CHECK(current->start_ns - old->start_ns == 1'000'000);

    const Process* between = table.find(after(make_owner(10, 100, "late"), 500'000));
    CHECK(between != old);
    CHECK(test::has_exited(table, *between));
    CHECK(table.find_live(10) == current);
}

TEST_CASE("a process known from /proc keeps its number and start when its exact start is learnt") {
    const test::FakeProc proc;
    proc.put({.pid = 10, .start_ticks = 100, .comm = "old"});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    const Process* old = table.find_live(10);
    const Process before = *old;
    CHECK(table.find(make_owner(10, 100, "old")) == old);
    CHECK(old == table.find(ProcessKey{10, 100}));
    CHECK(old->number == before.number);
    CHECK(old->start_ns == before.start_ns);
    test::apply(table, make_event(PIDCAP_EVENT_EXIT, 10, 100, 1, "old"));
    CHECK(test::has_exited(table, *old));

    pidcap_event next = make_event(PIDCAP_EVENT_FORK, 10, 100, 1, "next");
    next.start_boot += 1;
    test::apply(table, next);
    REQUIRE(table.find_live(10) != nullptr);
    CHECK(table.find_live(10)->comm == "next");
    CHECK(table.find(ProcessKey{10, 100, next.start_boot}) == table.find_live(10));
    CHECK(table.find_live(10)->number != old->number);
    CHECK(table.find(make_owner(10, 100, "old")) == old);
}

TEST_CASE("an event tells the start to the nanosecond, /proc to the clock tick") {
    const test::FakeProc proc;
    proc.put({.pid = 10, .start_ticks = 100});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 11, 100, 10, "fake"));
    CHECK(table.find_live(10)->start_ns == table.clock().since_epoch(100));
    CHECK(table.find_live(11)->start_ns == table.clock().since_epoch(100) + test::kTick / 2);
}

TEST_CASE("a late event of an ended process leaves the one that has its pid alone") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 10, 200, 1, "new"));
    test::apply(table, make_event(PIDCAP_EVENT_EXIT, 10, 100, 1, "old"));
    REQUIRE(table.find_live(10) != nullptr);
    CHECK(table.find_live(10)->comm == "new");
    CHECK(test::has_exited(table, *table.find(ProcessKey{10, 100})));
}

TEST_CASE("after a loss nothing is inherited that /proc doesn't confirm") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    for (const uint32_t pid : {10U, 20U}) {
        test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, pid, 100, 1, "sh"), "sh\0bin\0"sv,
                         {});
    }
    table.events_lost(1);  // 10 called exec, 20 ended
    proc.put({.pid = 10, .start_ticks = 100, .comm = "sh", .exe = "/bin/busybox"});
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 11, 200, 10, "sh"));
    test::apply(table, make_event(PIDCAP_EVENT_FORK, 21, 200, 20, "sh"));
    CHECK(table.find_live(11)->exe == "/bin/busybox");
    CHECK(table.find_live(21)->exe.empty());
    CHECK(table.find_live(20) == nullptr);
    CHECK(table.find(make_owner(10, 100, "sh"))->exe == "/bin/busybox");
}

TEST_CASE("after a loss, what an exec may have changed is told only if /proc or an event does") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    test::apply_exec(table, at(1, make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "sh")), "sh\0bin\0"sv,
                     "sh\0"sv);
    test::apply(table, at(2, make_event(PIDCAP_EVENT_EXIT, 10, 100, 1, "sh")));
    // Noticed before the round that brings the rest: each may have called exec since.
    table.events_lost(10);
    test::apply_exec(table, at(3, make_event(PIDCAP_EVENT_EXEC, 1, 50, 0, "sh")), "sh\0bin\0"sv,
                     "sh\0"sv);
    test::apply(table, at(4, make_event(PIDCAP_EVENT_FORK, 11, 200, 1, "sh")));
    test::apply(table, at(5, make_event(PIDCAP_EVENT_EXIT, 11, 200, 1, "sh")));
    test::apply(table, at(6, make_event(PIDCAP_EVENT_FORK, 12, 200, 1, "sh")));
    test::apply_exec(table, at(11, make_event(PIDCAP_EVENT_EXEC, 13, 300, 1, "cat")),
                     "cat\0bin\0"sv, "cat\0"sv);

    CHECK(table.find(make_owner(10, 100, "sh"))->exe == "/bin/sh");  // had ended before
    for (const uint32_t pid : {11U, 12U}) {
        const Process* process = table.find(make_owner(pid, 200, "dd"));
        CHECK(process->exe.empty());
        CHECK(process->cmdline.empty());
        CHECK(process->comm == "dd");
    }
    CHECK(table.find(make_owner(13, 300, "cat"))->exe == "/bin/cat");
}

TEST_CASE("between the new name and the rest of an exec nothing old is told") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    pidcap_event rename = make_event(PIDCAP_EVENT_RENAME, 10, 100, 1, "cat");
    for (const uint32_t pid : {10U, 11U, 12U}) {
        test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, pid, 100, 1, "sh"), "sh\0bin\0"sv,
                         "sh\0"sv);
    }
    test::apply(table, rename);  // by prctl
    CHECK(table.find(make_owner(10, 100, "cat"))->exe == "/bin/sh");
    rename.in_exec = 1;
    for (const uint32_t pid : {11U, 12U}) {
        rename.tgid = rename.tid = pid;
        test::apply(table, rename);
    }
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 11, 100, 1, "cat"), "cat\0bin\0"sv,
                     "cat\0"sv);
    CHECK(table.find(make_owner(11, 100, "cat"))->exe == "/bin/cat");
    CHECK(table.find(make_owner(12, 100, "cat"))->exe.empty());
}

TEST_CASE("a name that nobody told of shows that an exec was missed: nothing old is told") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "sh"), "sh\0bin\0"sv,
                     "sh\0"sv);
    for (const uint32_t pid : {11U, 12U, 13U, 14U, 15U, 16U}) {
        test::apply(table, make_event(PIDCAP_EVENT_FORK, pid, 200, 10, "sh"));
        REQUIRE(table.find(ProcessKey{pid, 200})->exe == "/bin/sh");
    }
    CHECK(table.find(make_owner(11, 200, "sh"))->exe == "/bin/sh");
    const Process* ended = table.find(make_owner(12, 200, "cat"));
    CHECK(ended->exe.empty());
    CHECK(ended->cmdline.empty());
    CHECK(ended->comm == "cat");
    proc.put({.pid = 13, .start_ticks = 200, .comm = "cat", .exe = "/bin/cat"});
    CHECK(table.find(make_owner(13, 200, "cat"))->exe == "/bin/cat");
    CHECK(table.find(make_owner(13, 200, "sh"))->exe == "/bin/cat");  // an older owner
    // One that is about to end: no executable any more, and no arguments.
    proc.put({.pid = 14, .start_ticks = 200, .comm = "cat", .exe = "", .cmdline = ""});
    CHECK(table.find(make_owner(14, 200, "cat"))->exe.empty());
    test::apply(table, make_event(PIDCAP_EVENT_EXIT, 15, 200, 10, "cat"));
    CHECK(table.find(make_owner(15, 200, "cat"))->exe.empty());
    // A name that was told of: the owner may be older than it.
    test::apply(table, make_event(PIDCAP_EVENT_RENAME, 16, 200, 10, "renamed"));
    CHECK(table.find(make_owner(16, 200, "sh"))->exe == "/bin/sh");
}

TEST_CASE("a change of user is told with the next packet, an old socket's user is not") {
    const test::FakeProc proc;
    proc.put({.pid = 10, .start_ticks = 100, .uid = 0});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    const Process* process = table.find(make_owner(10, 100, "fake", 0));
    const uint32_t version = process->version;
    proc.put({.pid = 10, .start_ticks = 100, .uid = 65534});
    CHECK(table.find(make_owner(10, 100, "fake", 65534))->uid == 65534);
    CHECK(process->user == "nobody");
    CHECK(process->version == version + 1);
    for (int i = 0; i < 3; ++i) {
        CHECK(table.find(make_owner(10, 100, "fake", 0))->uid == 65534);
    }
    CHECK(process->version == version + 1);
    proc.remove(10);  // nobody to ask: the owner's word is the newest
    test::apply(table, make_event(PIDCAP_EVENT_EXIT, 10, 100, 1, "fake"));
    CHECK(table.find(make_owner(10, 100, "fake", 1000))->uid == 1000);
}

TEST_CASE("a change of group is told with the next packet, an old socket's group is not") {
    const test::FakeProc proc;
    proc.put({.pid = 10, .start_ticks = 100});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    const auto find_as = [&table](uint32_t gid) {
        pidcap_owner owner = make_owner(10, 100, "fake");
        owner.gid = gid;
        return table.find(owner);
    };
    const uint32_t version = find_as(0)->version;
    proc.put({.pid = 10, .start_ticks = 100, .gid = 50});
    CHECK(find_as(50)->gid == 50);
    CHECK(find_as(0)->gid == 50);
    CHECK(find_as(0)->version == version + 1);
}

TEST_CASE("a path that was cut off is completed from /proc only where the rest agrees") {
    const test::FakeProc proc;
    proc.put({.pid = 10, .start_ticks = 100, .comm = "tool", .exe = "/very/long/bin/tool"});
    proc.put({.pid = 11, .start_ticks = 100, .comm = "tool", .exe = "/very/long/sbin/tool"});
    ProcessTable table = test::make_table(proc);
    for (const uint32_t pid : {10U, 11U}) {
        pidcap_event event = make_event(PIDCAP_EVENT_EXEC, pid, 100, 1, "tool");
        event.path_truncated = 1;
        test::apply_exec(table, event, "tool\0bin\0"sv, "fake\0"sv);
    }
    CHECK(table.find_live(10)->exe == "/very/long/bin/tool");
    CHECK(table.find_live(11)->exe == "bin/tool");
}

TEST_CASE("malformed events do no harm") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    pidcap_event event = make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "sixteen bytes...");
    event.path_len = 65535;
    table.apply(event, {});
    event.type = 77;
    table.apply(event, {});
    event.tgid = 0;
    table.apply(event, {});
    CHECK(table.size() == 1);
    CHECK(table.find_live(10)->comm == "sixteen bytes...");
    CHECK(table.find_live(10)->exe.empty());
}

// The table remembers whom it was asked for last, in 64 slots by pid.
TEST_CASE("processes that are asked for in turn never answer for each other") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    // The same start, pids 64 apart; the same pids later; and one within the tick of another.
    std::vector<pidcap_owner> owners;
    for (const uint32_t pid : {10U, 74U, 138U, 11U, 4'194'250U}) {
        for (const uint64_t start : {100U, 101U, 200U}) {
            owners.push_back(make_owner(pid, start, std::to_string(owners.size())));
        }
        owners.push_back(make_owner(pid, 100, std::to_string(owners.size())));
        owners.back().start_boot += 1;
    }
    for (const pidcap_owner& owner : owners) {
        REQUIRE(table.find(owner) != nullptr);
    }
    CHECK(table.size() == owners.size());
    std::mt19937 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    for (size_t i = 0; i < 20'000; ++i) {
        // Mostly one after the other of a few, as packets of conversations are.
        const size_t at = i % 3 == 0 ? random() % owners.size() : i % 2 * 4;
        const Process* process = table.find(owners[at]);
        REQUIRE(process->pid == owners[at].tgid);
        REQUIRE(process == table.find(test::key_of(owners[at])));
        REQUIRE(process->comm == std::to_string(at));
    }
    CHECK(table.size() == owners.size());
}

TEST_CASE("a process that was asked for before is not taken for a later one of its tick") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    const auto start_at = [](auto record, uint64_t start_boot) {
        record.start_boot = start_boot;
        return record;
    };
    const uint64_t tick = 100 * test::kTick;
    const pidcap_owner first = start_at(make_owner(10, 0, "first"), tick + 1);
    const pidcap_owner second = start_at(make_owner(10, 0, "second"), tick + 2);
    const pidcap_owner cut = start_at(make_owner(10, 0, "cut"), tick);
    const Process* one = table.find(first);
    CHECK(table.find(cut) == one);  // of all that is known it can only be this one
    test::apply(table, start_at(make_event(PIDCAP_EVENT_FORK, 10, 0, 1, "second"), tick + 2));
    CHECK(table.find(first) == one);
    const Process* two = table.find_live(10);
    REQUIRE(two != nullptr);
    REQUIRE(two != one);
    for (int i = 0; i < 3; ++i) {
        CHECK(table.find(first) == one);
        CHECK(table.find(cut) == two);  // the latest
        CHECK(table.find(cut) == two);
        CHECK(table.find(second) == two);
        CHECK(table.find(first) == one);
    }
    CHECK(one->comm == "first");
    CHECK(two->comm == "second");
}

TEST_CASE("a process known to the tick only, and asked for, doesn't answer for the next") {
    const test::FakeProc proc;
    proc.put({.pid = 10, .start_ticks = 100, .comm = "old"});
    ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan().ok());
    pidcap_owner owner = make_owner(10, 100, "old");
    const uint64_t exact = owner.start_boot;
    owner.start_boot = 100 * test::kTick;  // cut
    const Process* old = table.find(owner);
    CHECK(old == table.find_live(10));
    owner.start_boot = exact;
    CHECK(table.find(owner) == old);  // from now on it is known exactly
    CHECK(table.find(owner) == old);
    owner.start_boot = exact + 1;
    const Process* next = table.find(owner);
    CHECK(next != old);
    CHECK(table.find(owner) == next);
    owner.start_boot = exact;
    CHECK(table.find(owner) == old);
}

TEST_CASE("who was asked for a moment ago is seen as events and /proc have changed it since") {
    const test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    const pidcap_owner owner = make_owner(10, 100, "sh");
    test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "sh"), "sh\0bin\0"sv,
                     "sh\0"sv);
    CHECK(table.find(owner)->exe == "/bin/sh");
    CHECK(table.find(owner)->exe == "/bin/sh");
    SECTION("by an exec") {
        test::apply_exec(table, make_event(PIDCAP_EVENT_EXEC, 10, 100, 1, "cat"), "cat\0bin\0"sv,
                         "cat\0"sv);
        CHECK(table.find(owner)->exe == "/bin/cat");
    }
    SECTION("by a loss of events") {
        table.events_lost(1);
        CHECK(table.find(owner)->exe.empty());
    }
    SECTION("by its end, and a new one's beginning") {
        test::apply(table, make_event(PIDCAP_EVENT_EXIT, 10, 100, 1, "sh"));
        CHECK(test::has_exited(table, *table.find(owner)));
        test::apply(table, make_event(PIDCAP_EVENT_FORK, 10, 200, 1, "new"));
        CHECK(table.find(owner)->comm == "sh");
        CHECK(table.find(make_owner(10, 200, "new"))->comm == "new");
        CHECK(table.find(owner)->comm == "sh");
    }
    SECTION("by another user") {
        CHECK(table.find(make_owner(10, 100, "sh", 65534))->pid == 10);
        proc.put({.pid = 10, .start_ticks = 100, .uid = 1234, .comm = "sh"});
        CHECK(table.find(make_owner(10, 100, "sh", 1234))->uid == 1234);
    }
}

TEST_CASE("real processes are found by the start time that the kernel gives them") {
    const test::Child child([] { prctl(PR_SET_NAME, ") \n\xff"); });
    auto table = ProcessTable::open({}, capture::CgroupTree());
    REQUIRE(table.ok());
    REQUIRE(table->scan().ok());
    const auto pid = static_cast<uint32_t>(child.pid());
    const Process* process = table->find_live(pid);
    REQUIRE(process != nullptr);
    CHECK(process->comm == ") \n\xff");
    CHECK(process->exe == std::filesystem::read_symlink("/proc/self/exe"));
    CHECK(test::parent(*table, *process) == table->find_live(static_cast<uint32_t>(getpid())));
    const auto procfs = capture::ProcFs::open();
    REQUIRE(procfs.ok());
    const auto seen = procfs->stat(pid);
    REQUIRE(seen.ok());
    pidcap_owner owner = make_owner(pid, seen->start_ticks, "x", geteuid());
    CHECK(table->find(owner) == process);
}
