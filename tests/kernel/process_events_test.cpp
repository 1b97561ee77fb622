// SPDX-License-Identifier: GPL-2.0-only
//
// Events of processes. The oracle is wait4(2): how a child ended, its CPU time and its peak memory.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/kernel/seen_events.h"
#include "tests/support/capture.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;

// A child that has ended.
struct Ended {
    uint32_t pid = 0;
    int status = 0;
    rusage usage{};
    double seconds = 0;
};

Ended run_child(const std::function<void()>& body) {
    using Clock = std::chrono::steady_clock;
    const auto before = Clock::now();
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        for (const int number : {SIGTERM, SIGSEGV}) {
            signal(number, SIG_DFL);  // not Catch's report of a failed test
        }
        body();
        _exit(0);
    }
    Ended ended;
    ended.pid = static_cast<uint32_t>(pid);
    REQUIRE(wait4(pid, &ended.status, 0, &ended.usage) == pid);
    ended.seconds = std::chrono::duration<double>(Clock::now() - before).count();
    return ended;
}

double cpu_seconds(const rusage& usage) {
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void use_cpu(double seconds) {
    const auto used = [] {
        timespec time{};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
    };
    while (used() < seconds) {
    }
}

}  // namespace

TEST_CASE("the end of a process is told as wait(2) tells it") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    Capture capture(netns, events("process", file));
    const std::vector<std::function<void()>> ways = {
        [] {},
        [] { _exit(7); },
        [] { _exit(255); },
        [] { raise(SIGTERM); },
        [] { raise(SIGKILL); },
        [] {
            const rlimit none{0, 0};
            setrlimit(RLIMIT_CORE, &none);
            raise(SIGSEGV);
        },
        [] {  // by a thread that isn't the leader
            std::thread([] { _exit(9); }).join();
        },
        [] {  // the leader goes first, and its status stays
            std::thread([] {
                std::this_thread::sleep_for(std::chrono::milliseconds(50));
                syscall(SYS_exit, 5);
            }).detach();
            syscall(SYS_exit, 4);
        },
    };
    std::vector<Ended> all;
    for (const auto& way : ways) {
        all.push_back(run_child(way));
    }
    capture.stop();
    for (const Ended& ended : all) {
        const auto exits = events_of(file, ended.pid, "process:exit");
        CAPTURE(ended.pid, ended.status);
        REQUIRE(exits.size() == 1);
        const bool killed = WIFSIGNALED(ended.status);
        CHECK(exits[0].number("exit_code") ==
              (killed ? 0U : static_cast<unsigned>(WEXITSTATUS(ended.status))));
        CHECK(exits[0].text("signal") ==
              (killed ? std::string("SIG") + sigabbrev_np(WTERMSIG(ended.status)) : "0"));
        CHECK(exits[0].number("core_dumped") == (killed && WCOREDUMP(ended.status) ? 1U : 0U));
        CHECK(exits[0].via == "event");
    }
}

TEST_CASE("a process's CPU time, peak memory and duration are those that wait4(2) gives") {
    constexpr size_t kMemory = 64U << 20;
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    Capture capture(netns, events("process", file));
    const Ended ended = run_child([] {
        void* memory =
            mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        std::memset(memory, 1, kMemory);
        munmap(memory, kMemory);
        std::thread([] { use_cpu(0.2); }).join();
        use_cpu(0.3);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    });
    capture.stop();
    const auto exits = events_of(file, ended.pid, "process:exit");
    REQUIRE(exits.size() == 1);
    CHECK(exits[0].number("peak_rss") == static_cast<uint64_t>(ended.usage.ru_maxrss) * 1024);
    CHECK(exits[0].number("peak_rss") > kMemory);
    // The end itself, and what the kernel counts with the next tick, come on top.
    CHECK(static_cast<double>(exits[0].number("cpu_ns")) / 1e9 ==
          Approx(cpu_seconds(ended.usage)).margin(0.03));
    // Of what we measured, starting it and hearing of its end come on top.
    const double duration = static_cast<double>(exits[0].number("duration_ns")) / 1e9;
    CHECK(duration <= ended.seconds);
    CHECK(duration > 0.3 + 0.1);  // use_cpu() counts what both threads have used
}

TEST_CASE("an exec has the executable, the command line, the working directory and the parent") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    const std::string deep = folder.path() + "/a/b c/\xc3\xa4";
    std::filesystem::create_directories(deep);
    const std::vector<std::string> directories = {"/", "/usr", std::filesystem::canonical(deep)};
    Capture capture(netns, events("process", file));
    std::vector<Ended> all;
    for (const std::string& directory : directories) {
        all.push_back(run_child([&directory] {
            if (chdir(directory.c_str()) == 0) {
                execl("/bin/sh", "sh", "-c", "exit 3", "an argument", nullptr);
            }
            _exit(126);
        }));
    }
    capture.stop();
    for (size_t i = 0; i < all.size(); i++) {
        CAPTURE(directories[i]);
        REQUIRE(WEXITSTATUS(all[i].status) == 3);
        const auto execs = events_of(file, all[i].pid, "process:exec");
        REQUIRE(execs.size() == 1);
        CHECK(execs[0].text("cwd") == directories[i]);
        CHECK(execs[0].text("exe") == std::filesystem::canonical("/bin/sh"));
        CHECK(execs[0].text("cmdline") == "sh -c exit 3 an argument");
        CHECK(execs[0].number("ppid") == static_cast<uint64_t>(getpid()));
        CHECK(execs[0].number("uid") == getuid());
        CHECK(execs[0].text("parent") == "test_own_events");
        const auto forks = events_of(file, all[i].pid, "process:fork");
        REQUIRE(forks.size() == 1);
        CHECK(forks[0].number("ppid") == static_cast<uint64_t>(getpid()));
        CHECK(forks[0].time_ns <= execs[0].time_ns);
        const auto exits = events_of(file, all[i].pid, "process:exit");
        REQUIRE(exits.size() == 1);
        CHECK(exits[0].number("exit_code") == 3);
        CHECK(exits[0].text("exe") == execs[0].text("exe"));
        CHECK(execs[0].time_ns <= exits[0].time_ns);
    }
}

TEST_CASE("of the events of processes the filters leave those that match") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    const auto execute = [](const char* program) {
        return run_child([program] {
            execl(program, program, nullptr);
            _exit(126);
        });
    };
    SECTION("by process") {
        auto arguments = events("process", file);
        arguments.insert(arguments.end(), {"--comm", "true"});
        Capture capture(netns, arguments);
        const Ended wanted = execute("/bin/true");
        const Ended other = execute("/bin/false");
        capture.stop();
        CHECK(events_of(file, other.pid).empty());
        CHECK(events_of(file, wanted.pid, "process:exec").size() == 1);
        CHECK(events_of(file, wanted.pid, "process:exit").size() == 1);
    }
    SECTION("by field") {
        Capture capture(netns, events("process if exit_code != 0", file));
        const Ended good = execute("/bin/true");
        const Ended bad = execute("/bin/false");
        capture.stop();
        CHECK(events_of(file, good.pid).empty());
        const auto seen = events_of(file, bad.pid);
        REQUIRE(seen.size() == 1);
        CHECK(seen[0].name == "process:exit");
        CHECK(seen[0].number("exit_code") == 1);
    }
}
