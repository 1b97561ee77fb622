// SPDX-License-Identifier: GPL-2.0-only
//
// --btf, where the kernel gives no type information of itself: /sys/kernel/btf is hidden.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/packets.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;

constexpr const char* kTypes = "/sys/kernel/btf/vmlinux";

void hide_types() {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", "/sys/kernel/btf", "tmpfs", 0, nullptr) != 0) {
        _exit(125);
    }
}

CommandResult refused(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"-i", "lo", "-w", "/dev/null", "--duration", "0.1"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_pidcap(Launch{.arguments = all, .prepare = hide_types});
}

}  // namespace

TEST_CASE("with --btf a capture works where the kernel gives no types") {
    const TemporaryFolder folder;
    const std::string types = folder.file("vmlinux");
    std::filesystem::copy_file(kTypes, types);
    const Loopback loopback;
    const std::string file = folder.file("a.pcapng");
    Capture capture(Launch{.arguments = {"-i", "lo", "-w", file, "--btf", types},
                           .netns = &loopback.netns,
                           .prepare = hide_types});
    send_numbered(loopback.sender, 0, 10, 100);
    capture.stop();
    const auto packets = read_packets(file);
    CHECK(packets.size() == 10);
    for (const Packet& packet : packets) {
        REQUIRE(packet.self());
        CHECK(packet.self()->pid == static_cast<uint32_t>(getpid()));
    }
    const CommandResult doctor =
        run_pidcap(Launch{.arguments = {"doctor", "--btf", types}, .prepare = hide_types});
    INFO(doctor.out);
    CHECK(doctor.status == 0);
    CHECK(contains(doctor.out, types));
}

TEST_CASE("without types, the message says how to give them") {
    const CommandResult result = refused({});
    INFO(result.err);
    CHECK(result.status == 1);
    for (const char* part : {"--btf FILE", "BTFHub", "pahole"}) {
        CHECK(contains(result.err, part));
    }
    CHECK_FALSE(contains(result.err, "libbpf"));
    const CommandResult doctor = run_pidcap(Launch{.arguments = {"doctor"}, .prepare = hide_types});
    CHECK(doctor.status == 1);
    CHECK(contains(doctor.out, "--btf FILE"));
}

TEST_CASE("types that can't be read, or are another kernel's, are refused") {
    CHECK(contains(refused({"--btf", "/nothing"}).err, "--btf /nothing"));
    CHECK(contains(refused({"--btf", "/etc/passwd"}).err, "--btf /etc/passwd"));
    // Those of the programs themselves have the same structs and fields at other places.
    const CommandResult other = refused({"--btf", PIDCAP_OBJECT});
    INFO(other.err);
    CHECK(other.status == 1);
    CHECK_FALSE(contains(other.err, "listening"));
}
