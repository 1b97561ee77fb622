// SPDX-License-Identifier: GPL-2.0-only
//
// Captures from places where the root of cgroup v2 isn't at hand: a cgroup namespace, and mounts
// that hide it.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <string>

#include "capture/processes/cgroup.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/packets.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;

// A cgroup that this test makes, for what it starts.
struct OwnCgroup {
    std::string path;
    OwnCgroup() {
        const auto tree = capture::CgroupTree::open();
        REQUIRE(tree.ok());
        path = tree->mount_point() + "/pidcap-test-" + std::to_string(getpid());
        REQUIRE(mkdir(path.c_str(), 0755) == 0);
    }
    ~OwnCgroup() { rmdir(path.c_str()); }
    void enter() const { std::ofstream(path + "/cgroup.procs") << "0\n"; }
};

// In the child: mounts of its own, and nothing at /sys/fs, as after `ip netns exec`.
void hide_cgroups() {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", "/sys/fs", "tmpfs", 0, nullptr) != 0) {
        _exit(125);
    }
    umount2("/sys/fs/cgroup/unified", MNT_DETACH);
}

void check_captures(const std::function<void()>& prepare) {
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string file = folder.file("a.pcapng");
    Capture capture(Launch{
        .arguments = {"-i", "lo", "-w", file}, .netns = &loopback.netns, .prepare = prepare});
    const uint64_t sent = send_numbered(loopback.sender, 0, 20, 100);
    capture.stop();
    CHECK(totals_of(capture.err()).captured == sent);
}

}  // namespace

TEST_CASE("a capture in a cgroup namespace of its own follows the sockets of all cgroups") {
    const OwnCgroup cgroup;
    check_captures([&] {
        cgroup.enter();
        if (unshare(CLONE_NEWCGROUP) != 0) {
            _exit(125);
        }
    });
}

TEST_CASE("a capture finds cgroup v2 where other mounts hide it") {
    check_captures(hide_cgroups);
}

TEST_CASE("a cgroup namespace that can't be left is looked out of by file handles") {
    const OwnCgroup cgroup;
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string file = folder.file("a.pcapng");
    Process capture(Launch{.arguments = pidcap_command({"-i", "lo", "-w", file, "-c", "20"},
                                                       {"setpriv", "--bounding-set=-sys_admin"}),
                           .netns = &loopback.netns,
                           .prepare = [&] {
                               cgroup.enter();
                               hide_cgroups();
                               if (unshare(CLONE_NEWCGROUP) != 0 ||
                                   mkdir("/sys/fs/cgroup", 0755) != 0 ||
                                   mount("none", "/sys/fs/cgroup", "cgroup2", 0, nullptr) != 0) {
                                   _exit(125);
                               }
                           }});
    capture.wait_for("listening on ");
    send_numbered(loopback.sender, 0, 20, 100);
    CHECK(capture.wait() == 0);
    // Of a process outside of the namespace, with its path from the hierarchy's root.
    std::ifstream own("/proc/self/cgroup");
    std::string line;
    while (std::getline(own, line) && !line.starts_with("0::")) {
    }
    const auto packets = read_packets(file);
    CHECK(packets.size() == 20);
    for (const Packet& packet : packets) {
        INFO(packet.raw_comment);
        REQUIRE(packet.self());
        CHECK(packet.self()->pid == static_cast<uint32_t>(getpid()));
        if (packet.number == 1) {
            CHECK(packet.comment.at("cgroup") == line.substr(3));
        }
    }
}

TEST_CASE("a cgroup namespace that can't be left is refused with what to do") {
    const OwnCgroup cgroup;
    // Root without the capabilities that the kernel asks for.
    Process refused(Launch{
        .arguments = pidcap_command({"-i", "lo", "-w", "/dev/null", "--duration", "0.1"},
                                    {"setpriv", "--bounding-set=-sys_admin,-dac_read_search"}),
        .prepare = [&] {
            cgroup.enter();
            if (unshare(CLONE_NEWCGROUP) != 0) {
                _exit(125);
            }
        }});
    CHECK(refused.wait() == 1);
    INFO(refused.err());
    CHECK(contains(refused.err(), "--cgroupns=host"));
    CHECK(contains(refused.err(), "--cap-add=DAC_READ_SEARCH"));
    CHECK_FALSE(contains(refused.err(), "listening"));
}
