// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/cgroup.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using capture::CgroupTree;
using capture::parse_cgroup_mount;
using pcapng::Result;

TEST_CASE("the mount of cgroup v2 is found wherever it is") {
    CHECK(parse_cgroup_mount(
              "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
              "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n") ==
          "/sys/fs/cgroup/unified");
    CHECK(parse_cgroup_mount("41 31 0:38 / /mnt/a\\040b rw - cgroup2 none rw\n") == "/mnt/a b");
    CHECK(parse_cgroup_mount("41 31 0:38 /sub /part rw - cgroup2 none rw\n"
                             "42 31 0:38 / /whole rw - cgroup2 none rw\n") == "/whole");
    CHECK(parse_cgroup_mount("32 31 0:29 / /sys/fs/cgroup rw - cgroup cgroup rw\n").empty());
    CHECK(parse_cgroup_mount("32 31 0:29 / /cgroup2\\040x rw - tmpfs cgroup2 rw\n").empty());
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
