// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/container.h"

#include <catch2/catch.hpp>
#include <string>

using capture::container_of;
using capture::unit_of;

namespace {
const std::string kId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string kOther(64, 'c');
const std::string kTask = "34dc0b5e626f2c5c4c5170e34b10e765";
const std::string kPod = "kubepods-burstable-podd3a5_7.slice";
}  // namespace

TEST_CASE("each runtime's cgroup names its container") {
    const auto path = GENERATE_COPY(
        "/docker/" + kId, "/system.slice/docker-" + kId + ".scope",
        "/machine.slice/libpod-" + kId + ".scope",
        "/machine.slice/libpod-" + kId + ".scope/container",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + kId + ".scope",
        "/libpod_parent/libpod-" + kId, "/kubepods/burstable/podd3a5-7/" + kId,
        "/kubepods.slice/kubepods-burstable.slice/" + kPod + "/cri-containerd-" + kId + ".scope",
        "/kubepods.slice/kubepods-burstable.slice/" + kPod + "/crio-" + kId + ".scope",
        "/kubepods.slice/kubepods-burstable.slice/" + kPod + "/docker-" + kId + ".scope",
        "/kubepods/besteffort/podd3a5-7/crio-" + kId,
        "/system.slice/containerd.service/" + kPod + ":cri-containerd:" + kId,
        "/system.slice/nerdctl-" + kId + ".scope", "/default/" + kId,
        "/docker/" + kOther + "/kubepods/besteffort/pod1/" + kId,
        "/docker/" + kId + "/system.slice/nginx.service",
        "/kubepods.slice/" + kPod + "/crio-" + kId + ".scope/container",
        "/ecs/55091c13-b8cf-4801-b527-f4601742204d/" + kId, "/ecs/" + kTask + "/" + kId,
        "/ecstasks.slice/ecstasks-" + kTask + ".slice/docker-" + kId + ".scope",
        "/lxc.payload.web-1/system.slice/docker-" + kId + ".scope");
    INFO(path);
    CHECK(container_of(path) == kId);
}

TEST_CASE("a container of ECS on Fargate goes by its task and its number") {
    const std::string id = kTask + "-1234567890";
    CHECK(container_of("/ecs/" + id) == id);
    CHECK(container_of("/ecs/" + kTask + "/" + id) == id);
    CHECK(container_of("/ecs/55091c13-b8cf-4801-b527-f4601742204d/" + id) == id);
    CHECK(container_of("/ecs/" + kTask + "/" + id + "/init.scope") == id);
}

TEST_CASE("LXC containers and nspawn machines go by their name") {
    CHECK(container_of("/lxc/web-1") == "web-1");
    CHECK(container_of("/lxc/web-1/init.scope") == "web-1");
    CHECK(container_of("/lxc.payload/web-1") == "web-1");
    CHECK(container_of("/lxc.payload.web-1/system.slice/x.service") == "web-1");
    CHECK(container_of("/lxc/101/ns/system.slice/x.service") == "101");  // Proxmox VE
    // LXD and Incus, in a project, and one container in another.
    CHECK(container_of("/lxc.payload.gha-fleet_worker/system.slice/x.service") ==
          "gha-fleet_worker");
    CHECK(container_of("/lxc.payload.outer/lxc.payload.inner/init.scope") == "inner");
    CHECK(container_of("/user.slice/user-1000.slice/user@1000.service/lxc.payload.web/.lxc") ==
          "web");
    CHECK(container_of("/user.slice/user-1000.slice/user@1000.service/machine.slice/"
                       "machine-box.scope/payload") == "box");
    CHECK(container_of("/machine.slice/systemd-nspawn@my\\x2dbox.service/payload/init.scope") ==
          "my-box");
    CHECK(container_of("/machine.slice/machine-my\\x2dbox.scope") == "my-box");
    CHECK(container_of("/machine.slice/systemd-nspawn@box.service/payload") == "box");
}

TEST_CASE("what is no container is not called one") {
    const auto path = GENERATE_COPY(
        std::string(), std::string("/"), std::string("/system.slice/ssh.service"),
        "/machine.slice/libpod-conmon-" + kId + ".scope", "/x/crio-conmon-" + kId + ".scope",
        std::string("/lxc.monitor.web-1"), std::string("/lxc"), std::string("/lxc.monitor/web-1"),
        "/ecs/" + kTask, "/ecs/" + kTask + "-", "/ecs/" + kTask + "-12x", "/ecs/" + kTask + "12",
        "/user.slice/" + kTask + "-12", "/ecstasks.slice/ecstasks-" + kTask + ".slice",
        std::string("/machine.slice/machine-box.scope/supervisor"),
        "/kubepods.slice/" + kPod + "/crio-conmon-" + kId + ".scope",
        std::string("/machine.slice/machine-qemu\\x2d1\\x2dvm.scope"),
        std::string("/machine.slice/systemd-nspawn@box.service/supervisor"),
        std::string("/user.slice/machine-box.scope"), "/docker/" + kId.substr(1),
        "/docker/" + kId + "0", "/docker/" + std::string(64, 'G'), "/evil-" + kId + ".scope",
        "/docker-" + kId.substr(1) + ".scope",
        std::string("/docker/e2073650bbf3efeeee06bb42f2ebb1a9"));
    INFO(path);
    CHECK(container_of(path).empty());
}

TEST_CASE("the unit is the last component that systemd manages") {
    CHECK(unit_of("/system.slice/ssh.service") == "ssh.service");
    CHECK(unit_of("/system.slice/ssh.service/sub/group") == "ssh.service");
    CHECK(unit_of("/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope") ==
          "app-x.scope");
    CHECK(unit_of("/user.slice/user-1000.slice").empty());
    CHECK(unit_of("/.service/.scope").empty());
    CHECK(unit_of("/").empty());
}
