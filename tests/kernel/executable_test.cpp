// SPDX-License-Identifier: GPL-2.0-only
//
// The file behind an executable's path: whoever has a mount namespace of his own can put any file
// at any path, but not choose its device and inode number.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/kernel/traffic.h"
#include "tests/support/capture.h"
#include "tests/support/packets.h"
#include "tests/support/temporary_folder.h"

namespace test {
namespace {

struct File {
    std::string device;
    std::string inode;

    explicit File(const std::string& path) {
        struct stat file {};
        REQUIRE(stat(path.c_str(), &file) == 0);
        device = std::to_string(major(file.st_dev)) + ":" + std::to_string(minor(file.st_dev));
        inode = std::to_string(file.st_ino);
    }
};

// The traffic program, mounted over another file where only it and its children see that.
struct Disguise {
    Netns netns;
    TemporaryFolder folder;
    std::string path = folder.file("honest");
    Actor sink{netns, "sink"};
    int to = bound_socket(sink, make_address("127.0.0.1", 0), SOCK_DGRAM);
    std::string port = std::to_string(local_port(sink, to));
    std::string mntns;  // of the last one

    Disguise() { std::filesystem::copy_file("/bin/true", path); }

    void send_disguised() {
        Process run(Launch{{"unshare", "-m", "sh", "-c",
                            "mount --bind " + std::string(TRAFFIC_PROGRAM) + " " + path +
                                " && readlink /proc/self/ns/mnt && exec " + path +
                                " send 127.0.0.1 " + port + " disguised"},
                           &netns});
        REQUIRE(run.wait() == 0);
        mntns = run.out().substr(run.out().find('[') + 1);
        mntns.resize(mntns.find(']'));
        hear(sink, to);
    }
    void send_plainly() {
        Process run(Launch{{TRAFFIC_PROGRAM, "send", "127.0.0.1", port, "plain"}, &netns});
        REQUIRE(run.wait() == 0);
        hear(sink, to);
    }
};

TEST_CASE("a file that is mounted over another tells its inode and its mount namespace") {
    Disguise scene;
    const std::string file = scene.folder.file("a.pcapng");
    Capture capture(scene.netns, {"-i", "lo", "-w", file});
    scene.send_disguised();
    scene.send_plainly();
    capture.stop();
    const std::vector<Packet> packets = read_packets(file);
    REQUIRE(packets.size() == 2);
    const File program(TRAFFIC_PROGRAM);
    for (const Packet& packet : packets) {
        INFO(describe(packet));
        CHECK(packet.comment.at("exeino") == program.inode);
        CHECK(packet.comment.at("exedev") == program.device);
    }
    CHECK(packets[0].self()->exe == scene.path);
    CHECK(packets[0].comment.at("mntns") == scene.mntns);
    CHECK(packets[1].self()->exe == TRAFFIC_PROGRAM);
    CHECK(packets[1].comment.count("mntns") == 0);
    // The receiver was there before, and is told by /proc.
    CHECK(packets[0].comment.at("peer.exeino") == File("/proc/self/exe").inode);
    CHECK(packets[0].comment.at("peer.exedev") == File("/proc/self/exe").device);
    CHECK(packets[0].comment.count("peer.mntns") == 0);
    const CommandResult table = run_pidcap({"processes", "--json", file});
    CHECK(table.out.find("\"mntns\":" + scene.mntns) != std::string::npos);
    CHECK(table.out.find("\"exe_inode\":" + program.inode) != std::string::npos);
}

TEST_CASE("a filter takes an executable by its inode, or by its mount namespace") {
    Disguise scene;
    const File program(TRAFFIC_PROGRAM);
    const auto count = [&](const std::string& expression) {
        const std::string file = scene.folder.file("a.pcapng");
        Capture capture(scene.netns, {"-i", "lo", "-w", file, "--process", expression});
        scene.send_disguised();
        scene.send_plainly();
        capture.stop();
        return read_packets(file).size();
    };
    CHECK(count("exe_inode = " + program.inode + " and exe_device = \"" + program.device + "\"") ==
          2);
    CHECK(count("mntns > 0") == 1);
    CHECK(count("exe = " + scene.path + " and exe_inode = " + File(scene.path).inode) == 0);
}

}  // namespace
}  // namespace test
