// SPDX-License-Identifier: GPL-2.0-only
#include "capture/containers/container_names.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "capture/processes/container.h"
#include "tests/capture/containers/container_tree.h"

namespace {

using capture::ContainerFacts;
using capture::ContainerNames;
using test::container_id;

std::string pod_path(const std::string& id) {
    return "/kubepods.slice/kubepods-podd3a5.slice/cri-containerd-" + id + ".scope";
}

ContainerNames open_names(const test::ContainerTree& tree) {
    auto names = ContainerNames::open(std::nullopt, tree.proc());
    REQUIRE(names);
    return *std::move(names);
}

// Takes "-" for what there is none of.
std::string next_word(std::istream& words) {
    std::string word;
    words >> word;
    return word == "-" ? std::string() : word;
}

}  // namespace

TEST_CASE(
    "the files of Docker and containerd name their containers as the runtimes themselves do") {
    size_t runtimes = 0;
    for (const auto& recorded : std::filesystem::directory_iterator(TEST_DATA "/runtimes")) {
        if (!recorded.is_directory()) {
            continue;
        }
        const std::string folder = recorded.path();
        INFO(folder);
        const test::ContainerTree tree(folder + "/root");
        ContainerNames names = open_names(tree);
        std::ifstream expected(folder + "/expected");
        size_t containers = 0;
        for (std::string cgroup; expected >> cgroup; ++containers) {
            INFO(cgroup);
            CHECK(capture::container_of(cgroup) == next_word(expected));
            ContainerFacts facts;
            for (std::string* fact :
                 {&facts.name, &facts.image, &facts.pod, &facts.pod_namespace}) {
                *fact = next_word(expected);
            }
            CHECK(names.find(cgroup) == facts);
        }
        CHECK(containers == 5);
        ++runtimes;
    }
    CHECK(runtimes > 0);
}

TEST_CASE("a container's facts are found by its cgroup, in a process that may only read") {
    const test::ContainerTree tree;
    ContainerNames names = open_names(tree);
    CHECK(names.find(pod_path(container_id("cd01"))) ==
          ContainerFacts{"cart", "registry.example.org/store/cart:2.4", "shop-7d4b9c-x2x7p",
                         "store"});
    CHECK(names.find("/docker/" + container_id("d0c1")).name == "web");
    CHECK(names.find("/docker/" + container_id("d0c9")) == ContainerFacts());
    CHECK(names.find("/system.slice/ssh.service") == ContainerFacts());
    CHECK(names.take_late().empty());
}

TEST_CASE("a container that goes by its name has it without any file") {
    ContainerNames names;
    CHECK(names.find("/lxc.payload.web-1/system.slice/x.service").name == "web-1");
    CHECK(names.find("/machine.slice/machine-my\\x2dbox.scope").name == "my-box");
    CHECK(names.find("/docker/" + container_id("d0c1")) == ContainerFacts());
    const std::string task = "34dc0b5e626f2c5c4c5170e34b10e765-1234567890";
    CHECK(names.find("/ecs/" + task) == ContainerFacts());  // an id, though a short one
}

TEST_CASE("only a user's own systemd says that a container is the user's") {
    const std::string id = container_id("a11c");
    const std::string scope = "/user.slice/libpod-" + id + ".scope";
    CHECK(ContainerNames::key_of("/user.slice/user-1000.slice/user@1000.service" + scope) ==
          "1000/" + id);
    for (const char* other :
         {"", "/user.slice/user-1000.slice/user@1001.service", "/system.slice/user@1000.service",
          "/user.slice/user-0.slice/user@0.service", "/user.slice/user-x.slice/user@x.service",
          "/a/user.slice/user-1000.slice/user@1000.service", "/user.slice/user-1000.slice"}) {
        INFO(other);
        CHECK(ContainerNames::key_of(other + scope) == "/" + id);
    }
    CHECK(ContainerNames::key_of("/user.slice/user-1000.slice/user@1000.service").empty());
    CHECK(ContainerNames::key_of("/lxc.payload.web-1").empty());
}
