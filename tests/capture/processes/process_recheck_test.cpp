// SPDX-License-Identifier: GPL-2.0-only
//
// What a process changes without an event: the table looks again, and never takes one program's
// command line for another's.
#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "capture/processes/process_table.h"
#include "tests/capture/processes/table_fixture.h"

using capture::ProcessTable;
using packet::Process;
using test::apply;
using test::apply_exec;
using test::at;
using test::kSecond;
using test::make_event;
using test::make_owner;
using namespace std::string_literals;

namespace {

const std::string kMaster = "nginx: master\0"s;
const std::string kWorker = "nginx: worker\0"s;

// A table that hears of a worker's fork, over a /proc that a test changes.
struct Worker {
    test::FakeProc proc;
    ProcessTable table = test::make_table(proc);
    std::map<uint32_t, uint64_t> kernel_record;  // by pid
    uint64_t now = kSecond;

    Worker() {
        table.ask_kernel([this](const pidcap_process& process) {
            CHECK(process.start_boot != 0);
            const auto found = kernel_record.find(process.tgid);
            return found != kernel_record.end() ? found->second : 0;
        });
        put(10, 100, kMaster);
        REQUIRE(table.scan().ok());
        run(1);
        put(11, 200, kMaster);
        apply(table, at(now, make_event(PIDCAP_EVENT_FORK, 11, 200, 10, "nginx")));
    }
    Worker(const Worker&) = delete;

    void put(uint32_t pid, uint64_t start, const std::string& cmdline,
             const std::string& comm = "nginx") const {
        proc.put({.pid = pid, .start_ticks = start, .comm = comm, .cmdline = cmdline});
    }
    // Tenths of a second.
    void run(int tenths) {
        for (int i = 0; i < tenths; ++i) {
            now += kSecond / 10;
            table.expire(now);
        }
    }
    const Process& seen() { return *table.find(make_owner(11, 200, "nginx")); }
};

}  // namespace

TEST_CASE("a title that was set after the fork is known with the first packet") {
    Worker worker;
    worker.put(11, 200, kWorker);
    const Process& process = worker.seen();
    CHECK(process.cmdline == kWorker);
    CHECK(process.exe == "/bin/fake");
}

TEST_CASE("a title that is set later is known soon, and the version says so") {
    Worker worker;
    const Process& process = worker.seen();
    REQUIRE(process.cmdline == kMaster);
    const uint32_t version = process.version;
    worker.put(11, 200, kWorker);
    worker.run(3);
    CHECK(process.cmdline == kWorker);
    CHECK(process.version == version + 1);
    worker.run(100);
    CHECK(process.version == version + 1);
    worker.put(11, 200, "nginx: worker is shutting down\0"s);
    worker.run(301);  // half a minute at most
    CHECK(process.cmdline == "nginx: worker is shutting down\0"s);
    CHECK(process.version == version + 2);
}

TEST_CASE("a process without packets isn't read again") {
    Worker worker;
    worker.put(10, 100, kWorker);
    worker.put(11, 200, kWorker);
    worker.run(100);
    CHECK(worker.table.find_live(10)->cmdline == kMaster);
    CHECK(worker.table.find_live(11)->cmdline == kMaster);
}

TEST_CASE("a process that leaves no title, or is another by now, keeps what was known") {
    Worker worker;
    const Process& process = worker.seen();
    worker.put(11, 200, "");
    worker.run(5);
    CHECK(process.cmdline == kMaster);
    worker.put(11, 999, kWorker);
    worker.run(50);
    CHECK(process.cmdline == kMaster);
    worker.proc.remove(11);
    worker.run(50);
    CHECK(process.cmdline == kMaster);
}

TEST_CASE("the command line of an exec whose event is still to come isn't taken for a title") {
    Worker worker;
    worker.put(11, 200, "other\0--option\0"s);
    worker.kernel_record[11] = worker.now;
    const Process& process = worker.seen();
    CHECK(process.cmdline == kMaster);
    pidcap_event exec = make_event(PIDCAP_EVENT_EXEC, 11, 200, 10, "nginx");
    apply_exec(worker.table, at(worker.now, exec), "other\0bin\0"s, "other\0--option\0"s);
    const uint32_t version = process.version;
    CHECK(process.cmdline == "other\0--option\0"s);
    worker.run(50);
    CHECK(process.version == version);
    CHECK(worker.table.settled(process) == worker.kernel_record[11]);
}

TEST_CASE("a change whose event never comes is read from /proc") {
    Worker worker;
    const Process& process = worker.seen();
    worker.put(11, 200, "other\0"s, "other");
    worker.kernel_record[11] = worker.now;
    CHECK(worker.table.settled(process) == 0U);
    worker.run(10);
    CHECK(process.comm == "other");
    CHECK(process.cmdline == "other\0"s);
    CHECK(worker.table.settled(process) == worker.kernel_record[11]);
}

TEST_CASE("the last of many renames is known, though only the first ones were reported") {
    Worker worker;
    const Process& process = *worker.table.find_live(11);
    const auto rename = [&](const std::string& name, bool more) {
        worker.put(11, 200, kMaster, name);
        pidcap_event event = make_event(PIDCAP_EVENT_RENAME, 11, 200, 10, name);
        event.more = more ? 1 : 0;
        worker.kernel_record[11] = worker.now;
        apply(worker.table, at(worker.now, event));
    };
    for (int second = 0; second < 3; ++second) {
        rename("first", false);
        rename("last reported", true);
        for (int i = 0; i < 9; ++i) {
            worker.run(1);
            worker.put(11, 200, kMaster, "unreported");
            worker.kernel_record[11] = worker.now;
        }
        worker.run(1);
    }
    worker.run(10);
    CHECK(process.comm == "unreported");
    CHECK(worker.table.settled(process) == worker.kernel_record[11]);
    const uint32_t version = process.version;
    worker.run(100);
    CHECK(process.version == version);
}

TEST_CASE("however many processes have their first packet at once, all are read in their turn") {
    Worker worker;
    constexpr uint32_t kCount = 1000;
    for (uint32_t pid = 1000; pid < 1000 + kCount; ++pid) {
        apply(worker.table, at(worker.now, make_event(PIDCAP_EVENT_FORK, pid, 300, 10, "nginx")));
        worker.put(pid, 300, kWorker);
    }
    uint32_t known = 0;
    const auto count = [&] {
        known = 0;
        for (uint32_t pid = 1000; pid < 1000 + kCount; ++pid) {
            known += worker.table.find(make_owner(pid, 300, "nginx"))->cmdline == kWorker ? 1 : 0;
        }
    };
    count();
    CHECK(known > 0);
    CHECK(known < 100);
    worker.run(30);
    count();
    CHECK(known == kCount);
}
