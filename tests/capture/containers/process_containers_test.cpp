// SPDX-License-Identifier: GPL-2.0-only
//
// What the table of processes makes of ContainerNames.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "capture/processes/process_table.h"
#include "tests/capture/containers/container_tree.h"
#include "tests/capture/processes/table_fixture.h"
#include "tests/support/wait.h"

namespace {

using test::container_id;

// A /proc whose process 1 sees the tree's files.
class ContainerProc : public test::FakeProc {
  public:
    ContainerProc() {
        put({.pid = 1, .start_ticks = 1, .ppid = 0, .comm = "init"});
        std::filesystem::create_directory_symlink(tree_.root(), root() + "/1/root");
    }

    void write(const std::string& path, const std::string& text) const {
        tree_.write(tree_.root() + "/" + path, text);
    }

  private:
    test::ContainerTree tree_;
};

}  // namespace

TEST_CASE("a process has the facts of its container, and its child inherits them") {
    const ContainerProc proc;
    proc.put({.pid = 50,
              .start_ticks = 900,
              .comm = "web",
              .cgroup = "/kubepods.slice/kubepods-podd3a5.slice/cri-containerd-" +
                        container_id("cd01") + ".scope"});
    capture::ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan());
    const auto check = [](const packet::Process* process) {
        REQUIRE(process != nullptr);
        CHECK(process->container == container_id("cd01"));
        CHECK(process->container_name == "cart");
        CHECK(process->container_image == "registry.example.org/store/cart:2.4");
        CHECK(process->pod_name == "shop-7d4b9c-x2x7p");
        CHECK(process->pod_namespace == "store");
    };
    check(table.find_live(50));
    test::apply(table, test::make_event(PIDCAP_EVENT_FORK, 60, 1000, 50, "web"));
    check(table.find_live(60));
    CHECK(table.find_live(1)->container_name.empty());
}

TEST_CASE("a name that is written late makes a new version of the process") {
    const ContainerProc proc;
    const std::string id = container_id("1a7e");
    proc.put({.pid = 50, .start_ticks = 900, .comm = "web", .cgroup = "/docker/" + id});
    capture::ProcessTable table = test::make_table(proc);
    REQUIRE(table.scan());
    const packet::Process* process = table.find_live(50);
    REQUIRE(process != nullptr);
    CHECK(process->container == id);
    CHECK(process->container_name.empty());
    const uint32_t version = process->version;
    proc.write("var/lib/docker/containers/" + id + "/config.v2.json",
               R"({"ID":")" + id + R"(","Name":"/late","Config":{"Image":"i"}})");
    uint64_t now = test::kSecond;
    test::wait_until("the late name", [&] {
        table.expire(now += test::kSecond);
        return table.find_live(50)->container_name == "late";
    });
    CHECK(table.find_live(50)->container_image == "i");
    CHECK(table.find_live(50)->version > version);
}
