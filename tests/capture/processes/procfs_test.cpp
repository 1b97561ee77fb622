// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/procfs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>

#include "tests/support/child.h"
#include "tests/support/fake_proc.h"

using capture::ProcFs;
using capture::ProcProcess;
using capture::ProcStat;
using pcapng::Result;

namespace {

ProcProcess read_real(pid_t pid) {
    const Result<ProcFs> procfs = ProcFs::open();
    REQUIRE(procfs.ok());
    Result<ProcProcess> process = procfs->read(static_cast<uint32_t>(pid));
    REQUIRE(process.ok());
    return *std::move(process);
}

}  // namespace

TEST_CASE("a comm may hold parentheses, spaces, newlines and bytes that are no UTF-8") {
    for (const char* comm : {"a) R 1 (b", ") S 99 99 99", "x\ny z", "\xff\xfe(", "((("}) {
        const test::Child child([comm] { prctl(PR_SET_NAME, comm); });
        const ProcProcess process = read_real(child.pid());
        CHECK(process.stat.comm == comm);
        CHECK(process.stat.ppid == static_cast<uint32_t>(getpid()));
        CHECK(process.status.tgid == static_cast<uint32_t>(child.pid()));
    }
}

TEST_CASE("the initial mount namespace is that of process 1, whatever the reader's own") {
    std::filesystem::path expected;
    for (const char* name : {"1", "2", "self"}) {
        std::error_code unreadable;
        if (expected.empty()) {
            expected =
                std::filesystem::read_symlink(fmt::format("/proc/{}/ns/mnt", name), unreadable);
        }
    }
    CHECK(fmt::format("mnt:[{}]", ProcFs::open()->initial_mntns()) == expected);
    const test::FakeProc proc;
    for (const auto& [name, number] :
         {std::pair("self", "77"), std::pair("2", "88"), std::pair("1", "99")}) {
        const std::string folder = fmt::format("{}/{}/ns", proc.root(), name);
        std::filesystem::create_directories(folder);
        std::filesystem::create_symlink(fmt::format("mnt:[{}]", number), folder + "/mnt");
        CHECK(fmt::format("{}", ProcFs::open(proc.root())->initial_mntns()) == number);
    }
}

TEST_CASE("a real process is read in full") {
    const ProcProcess process = read_real(getpid());
    CHECK(process.exe == std::filesystem::read_symlink("/proc/self/exe"));
    CHECK(process.cmdline.ends_with('\0'));
    CHECK(process.status.uid == geteuid());
    CHECK(process.status.gid == getegid());
    CHECK(fmt::format("net:[{}]", process.netns) ==
          std::filesystem::read_symlink("/proc/self/ns/net"));
    CHECK(fmt::format("mnt:[{}]", process.mntns) ==
          std::filesystem::read_symlink("/proc/self/ns/mnt"));
    struct stat exe {};
    REQUIRE(stat("/proc/self/exe", &exe) == 0);
    CHECK(process.exe_inode == exe.st_ino);
    CHECK(process.exe_device == fmt::format("{}:{}", major(exe.st_dev), minor(exe.st_dev)));
    CHECK(process.stat.start_ticks > 0);
}

TEST_CASE("the effective uid is told, not the real one") {
    if (geteuid() != 0) {
        return;
    }
    const test::Child child([] {
        if (setegid(4243) != 0 || seteuid(4242) != 0) {
            _exit(1);
        }
    });
    const ProcProcess process = read_real(child.pid());
    CHECK(process.status.uid == 4242);
    CHECK(process.status.gid == 4243);
}

TEST_CASE("\" (deleted)\" is cut from the path of a removed executable, not from a name") {
    const std::string plain = fmt::format("/tmp/pidcap-test-{}", getpid());
    const std::string named = plain + " (deleted)";
    for (const std::string& path : {plain, named}) {
        std::filesystem::copy_file("/bin/sleep", path);
        test::Child child([] {}, [&path] { execl(path.c_str(), "sleep", "60", nullptr); });
        child.proceed();
        child.wait_for_exec();
        CHECK(read_real(child.pid()).exe == path);
        CHECK(read_real(child.pid()).cmdline == std::string("sleep\0"
                                                            "60\0",
                                                            9));
        std::filesystem::remove(path);
        CHECK(read_real(child.pid()).exe == path);
    }
}

TEST_CASE("a process that has gone answers ESRCH, and so does a directory that outlived it") {
    const Result<ProcFs> procfs = ProcFs::open();
    REQUIRE(procfs.ok());
    test::Child child([] {});
    const auto pid = static_cast<uint32_t>(child.pid());
    const Result<pcapng::Fd> directory = procfs->open_process(pid);
    REQUIRE(directory.ok());
    REQUIRE(capture::read_stat(*directory).ok());
    child.kill_and_reap();
    CHECK(procfs->read(pid).error().code == ESRCH);
    CHECK(procfs->stat(pid).error().code == ESRCH);
    CHECK(capture::read_stat(*directory).error().code == ESRCH);
    CHECK(capture::read_status(*directory).error().code == ESRCH);
}

TEST_CASE("the list of pids has every process and nothing else") {
    const test::FakeProc proc;
    proc.put({.pid = 1});
    proc.put({.pid = 4194304});
    proc.write(proc.root() + "/12x", "");
    proc.write(proc.root() + "/uptime", "");
    const Result<ProcFs> procfs = ProcFs::open(proc.root());
    REQUIRE(procfs.ok());
    Result<std::vector<uint32_t>> pids = procfs->pids();
    REQUIRE(pids.ok());
    std::sort(pids->begin(), pids->end());
    CHECK(*pids == std::vector<uint32_t>{1, 4194304});
}

TEST_CASE("a thread's id is no process") {
    const test::FakeProc proc;
    proc.put({.pid = 20, .start_ticks = 5, .tgid = 10});
    const Result<ProcFs> procfs = ProcFs::open(proc.root());
    REQUIRE(procfs.ok());
    CHECK(procfs->read(20).error().code == ESRCH);
}

TEST_CASE("hostile or broken texts are refused, not misread") {
    for (const char* text : {"", "1", "1 (a", "1 a)", ")(", "1 (a) S", "1 (a) S 2 3 4",
                             "1 (a) S x 1 1 0 -1 0 0 0 0 0 0 0 0 0 0 0 1 0 77 1"}) {
        CHECK_FALSE(capture::parse_stat(text).ok());
    }
    for (const char* text :
         {"", "Uid:", "Tgid:\t1\nUid:\t1\nGid:\t1\t1\n", "Tgid:\t-1\nUid:\t1\t1\nGid:\t1\t1\n",
          "Tgid:\t1\nUid:\t1\t99999999999\nGid:\t1\t1\n"}) {
        CHECK_FALSE(capture::parse_status(text).ok());
    }
    CHECK(capture::parse_cgroup("1:name=systemd:/x\n").empty());
    CHECK(capture::parse_cgroup("1:cpu:/0::/x\n0::/a b/c (deleted)\n") == "/a b/c");
}

TEST_CASE("CPU time, threads and memory are fields of their own") {
    const Result<ProcStat> stat = capture::parse_stat(
        "7 (a) b) R 1 7 7 0 -1 4194304 100 200 3 4 1234 567 89 10 20 0 42 0 9999 2535424 1010 "
        "18446744073709551615 1 1 0 0 0\n");
    REQUIRE(stat.ok());
    CHECK(stat->user_ticks == 1234);
    CHECK(stat->system_ticks == 567);
    CHECK(stat->threads == 42);
    CHECK(stat->start_ticks == 9999);
    CHECK(stat->resident_pages == 1010);
}

TEST_CASE("a huge command line is cut, and still ends with a NUL") {
    const test::FakeProc proc;
    proc.put({.pid = 3, .start_ticks = 1, .cmdline = std::string(1 << 20, 'a')});
    const Result<ProcFs> procfs = ProcFs::open(proc.root());
    REQUIRE(procfs.ok());
    const Result<ProcProcess> process = procfs->read(3);
    REQUIRE(process.ok());
    CHECK(process->cmdline.size() == capture::kMaxCmdline);
    CHECK(process->cmdline.back() == '\0');
}

TEST_CASE("a /proc's PID namespace is known, and refused unless it is the reader's own") {
    const test::FakeProc proc;
    const auto self = [&](const char* link, const char* numbers) {
        std::filesystem::remove_all(proc.root() + "/self");
        std::filesystem::create_directories(proc.root() + "/self/ns");
        std::filesystem::create_symlink(link, proc.root() + "/self/ns/pid");
        proc.write(proc.root() + "/self/status",
                   fmt::format("Tgid:\t9\nUid:\t0\t0\nGid:\t0\t0\nNSpid:\t{}\n", numbers));
        return ProcFs::open(proc.root())->pid_namespace();
    };
    CHECK(self("pid:[4026531836]", "9").value() == 0);
    CHECK(self("pid:[4026532999]", "9").value() == 4026532999);
    // Two numbers: this /proc is of a namespace above.
    const Result<uint32_t> above = self("pid:[4026532999]", "4711\t9");
    REQUIRE_FALSE(above.ok());
    CHECK(above.error().message.find("mount -t proc") != std::string::npos);
}
