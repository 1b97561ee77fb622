// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/surroundings.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.h"

using capture::Surroundings;
using Kind = Surroundings::Kind;

namespace {

// The files that tell, in a folder.
struct Machine {
    test::TemporaryFolder folder;
    std::string root = folder.file("root");

    Machine() {
        std::filesystem::create_directories(root + "/proc/self/ns");
        put("/proc/sys/kernel/osrelease", "6.1.0-31-amd64\n");
        put("/proc/self/status", "Name:\tx\nSeccomp:\t0\n");
        pid_namespace("pid:[4026531836]");
    }
    void put(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(root + path).parent_path());
        std::ofstream(root + path) << text;
    }
    void pid_namespace(const std::string& link) const {
        std::filesystem::remove(root + "/proc/self/ns/pid");
        std::filesystem::create_symlink(link, root + "/proc/self/ns/pid");
    }
    Surroundings find() const { return Surroundings::find(root); }
};

}  // namespace

TEST_CASE("on the host the advice is to be root") {
    const Machine machine;
    const Surroundings host = machine.find();
    CHECK(host.kind == Kind::kHost);
    CHECK_FALSE(host.wsl);
    CHECK_FALSE(host.own_pid_namespace);
    CHECK_FALSE(host.filters_calls);
    CHECK(host.with_capabilities("CAP_BPF, CAP_PERFMON") == "run as root");
}

TEST_CASE("in a container the advice is what to add to the command or the manifest") {
    const Machine machine;
    machine.pid_namespace("pid:[4026532999]");
    machine.put("/proc/self/status", "Name:\tx\nSeccomp:\t2\n");
    CHECK(machine.find().kind == Kind::kContainer);
    CHECK(machine.find().own_pid_namespace);
    CHECK(machine.find().filters_calls);
    CHECK(machine.find().with_host("pid") == "docker or podman run --pid=host");
    machine.put("/.dockerenv", "");
    CHECK(machine.find().kind == Kind::kDocker);
    CHECK(machine.find().with_capabilities("CAP_BPF, CAP_PERFMON") ==
          "docker run --cap-add=BPF --cap-add=PERFMON, as root");
    CHECK(machine.find().without_filter() == "docker run --security-opt seccomp=unconfined");
    machine.put("/run/.containerenv", "");
    CHECK(machine.find().with_host("cgroupns") == "podman run --cgroupns=host");
    machine.put("/var/run/secrets/kubernetes.io/serviceaccount/token", "");
    const Surroundings pod = machine.find();
    CHECK(pod.kind == Kind::kKubernetes);
    CHECK(pod.with_capabilities("CAP_BPF, CAP_PERFMON") ==
          "securityContext: {runAsUser: 0, capabilities: {add: [BPF, PERFMON]}}");
    CHECK(pod.with_host("pid") == "hostPID: true");
    CHECK(pod.without_filter() == "securityContext: {seccompProfile: {type: Unconfined}}");
}

TEST_CASE("WSL is known by its kernel, and is no container") {
    const Machine machine;
    machine.put("/proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n");
    machine.pid_namespace("pid:[4026532222]");
    CHECK(machine.find().wsl);
    CHECK(machine.find().kind == Kind::kHost);
    CHECK(machine.find().with_capabilities("CAP_BPF") == "run as root");
    machine.put("/.dockerenv", "");
    CHECK(machine.find().kind == Kind::kDocker);
}
