// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/cgroup.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

using capture::CgroupTree;
using capture::parse_cgroup_mounts;
using pcapng::Result;

TEST_CASE("the mounts of the whole cgroup v2 are found wherever they are") {
    const auto path_of = [](const char* mountinfo) {
        const auto mounts = parse_cgroup_mounts(mountinfo);
        return mounts.empty() ? std::string() : mounts.front().path;
    };
    const auto two = parse_cgroup_mounts(
        "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n"
        "51 31 0:38 / /again rw - cgroup2 cgroup2 rw,nsdelegate\n");
    REQUIRE(two.size() == 2);
    CHECK(two[0].id == "41");
    CHECK(two[0].path == "/sys/fs/cgroup/unified");
    CHECK(two[1].path == "/again");
    CHECK(path_of("41 31 0:38 / /mnt/a\\040b rw - cgroup2 none rw\n") == "/mnt/a b");
    CHECK(path_of("41 31 0:38 /sub /part rw - cgroup2 none rw\n"
                  "42 31 0:38 / /whole rw - cgroup2 none rw\n") == "/whole");
    // As a container in a cgroup namespace of its own sees the host's mount, and its own.
    CHECK(path_of("41 31 0:38 /../.. /sys/fs/cgroup rw - cgroup2 cgroup rw\n").empty());
    CHECK(path_of("32 31 0:29 / /sys/fs/cgroup rw - cgroup cgroup rw\n").empty());
    CHECK(path_of("32 31 0:29 / /cgroup2\\040x rw - tmpfs cgroup2 rw\n").empty());
}

TEST_CASE("a tree that is not there knows no cgroup") {
    CgroupTree tree;
    CHECK(tree.path(1).empty());
    CHECK(tree.id("/") == 0);
}

TEST_CASE("an id leads to the path of its cgroup and back, and outlives the cgroup") {
    if (geteuid() != 0) {
        return;
    }
    Result<CgroupTree> tree = CgroupTree::open();
    REQUIRE(tree.ok());
    const std::string path = fmt::format("/pidcap-test-{}", getpid());
    const std::string directory = tree->mount_point() + path;
    REQUIRE(mkdir(directory.c_str(), 0755) == 0);
    const uint64_t id = tree->id(path);
    const std::string found = tree->path(id);
    const std::string root = tree->path(tree->id("/"));
    REQUIRE(rmdir(directory.c_str()) == 0);
    CHECK(id != 0);
    CHECK(found == path);
    CHECK(root == "/");
    CHECK(tree->path(id) == path);
    CHECK(tree->id(path) == 0);
    CHECK(tree->path(id + 123456).empty());
    CHECK(tree->id("/../x") == 0);
}

TEST_CASE(
    "out of a cgroup namespace, cgroups that are made one at once after the other have paths") {
    if (geteuid() != 0) {
        return;
    }
    const Result<CgroupTree> outside = CgroupTree::open();
    REQUIRE(outside.ok());
    const std::string path = fmt::format("/pidcap-test-{}-namespace", getpid());
    const std::string directory = outside->mount_point() + path;
    REQUIRE(mkdir(directory.c_str(), 0755) == 0);
    constexpr int kCgroups = 5;
    const pid_t child = fork();
    if (child == 0) {
        std::ofstream(directory + "/cgroup.procs") << "0\n";
        if (unshare(CLONE_NEWCGROUP) != 0) {
            _exit(100);
        }
        Result<CgroupTree> tree = CgroupTree::open();
        int found = 0;
        for (int i = 0; tree.ok() && i < kCgroups; ++i) {
            const std::string made = fmt::format("/{}", i);
            struct stat status {};
            if (mkdir((directory + made).c_str(), 0755) == 0 &&
                stat((directory + made).c_str(), &status) == 0 &&
                tree->path(status.st_ino) == path + made) {
                ++found;
            }
        }
        _exit(found);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    for (int i = 0; i < kCgroups; ++i) {
        rmdir(fmt::format("{}/{}", directory, i).c_str());
    }
    CHECK(rmdir(directory.c_str()) == 0);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == kCgroups);
}
