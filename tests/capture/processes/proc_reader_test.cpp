// SPDX-License-Identifier: GPL-2.0-only
//
// What the process that reads /proc answers is what /proc shows to root.
#include "capture/processes/proc_reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <string>

#include "capture/processes/cgroup.h"
#include "tests/support/child.h"
#include "tests/support/wait.h"

namespace {

constexpr capture::UserIds kNobody{65534, 65534};

capture::ProcReader start() {
    auto reader = capture::ProcReader::start(kNobody);
    REQUIRE(reader);
    return *std::move(reader);
}

}  // namespace

TEST_CASE("the reader of /proc sees another user's process as root does") {
    const capture::ProcReader reader = start();
    const auto procfs = capture::ProcFs::open();
    REQUIRE(procfs);
    const test::Child child([] {});
    const auto pid = static_cast<uint32_t>(child.pid());
    test::wait_until("it sleeps", [&] {
        const auto stat = procfs->stat(pid);
        return stat && stat->state == 'S';
    });
    const auto expected = procfs->read(pid);
    const auto seen = reader.read(pid);
    REQUIRE(expected);
    REQUIRE(seen);
    CHECK(seen->stat.ppid == static_cast<uint32_t>(getpid()));
    CHECK(seen->stat.start_ticks == expected->stat.start_ticks);
    CHECK(seen->stat.state == expected->stat.state);
    CHECK(seen->stat.comm == expected->stat.comm);
    CHECK(seen->status.tgid == pid);
    CHECK(seen->status.uid == 0);
    CHECK(seen->status.gid == expected->status.gid);
    CHECK(seen->status.nspid == expected->status.nspid);
    CHECK(seen->netns != 0);
    CHECK(seen->netns == expected->netns);
    CHECK(seen->mntns == expected->mntns);
    CHECK(seen->exe == std::filesystem::read_symlink("/proc/self/exe").string());
    CHECK(seen->exe_device == expected->exe_device);
    CHECK(seen->exe_inode == expected->exe_inode);
    CHECK(seen->cmdline == expected->cmdline);
    CHECK(seen->cgroup == expected->cgroup);
    const auto title = reader.title(pid);
    REQUIRE(title);
    CHECK(title->cmdline == expected->cmdline);
    CHECK(title->stat.start_ticks == expected->stat.start_ticks);
    const auto stat = reader.stat(pid);
    REQUIRE(stat);
    CHECK(stat->comm == expected->stat.comm);
    CHECK(stat->threads == 1);
    CHECK(stat->resident_pages > 0);
    CHECK(stat->resident_pages == expected->stat.resident_pages);
}

TEST_CASE("a process that isn't there is an answer of its own") {
    const capture::ProcReader reader = start();
    test::Child child([] {});
    const auto pid = static_cast<uint32_t>(child.pid());
    child.kill_and_reap();
    for (const int code : {reader.stat(pid).error().code, reader.read(pid).error().code,
                           reader.title(pid).error().code}) {
        CHECK(code == ESRCH);
    }
}

TEST_CASE("a cgroup that is made later has its path") {
    const capture::ProcReader reader = start();
    auto tree = capture::CgroupTree::open();
    REQUIRE(tree);
    const std::string path = "/pidcap-test-" + std::to_string(getpid());
    const std::string folder = tree->mount_point() + path;
    REQUIRE(mkdir(folder.c_str(), 0755) == 0);
    struct stat status {};
    REQUIRE(stat(folder.c_str(), &status) == 0);
    const std::string seen = reader.cgroup_path(status.st_ino);
    rmdir(folder.c_str());
    CHECK(seen == path);
    CHECK(reader.cgroup_path(UINT64_MAX - 1).empty());
}
