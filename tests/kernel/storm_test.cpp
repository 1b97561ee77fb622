// SPDX-License-Identifier: GPL-2.0-only
//
// Processes that change all the time: they can't push the forks and execs of others out of the ring
// of events, and what they are at the end becomes known.
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "tests/kernel/traffic.h"
#include "tests/support/capture.h"
#include "tests/support/packets.h"
#include "tests/support/temporary_folder.h"

namespace test {
namespace {

using std::chrono::milliseconds;

constexpr int kStormSeconds = 2;

// Both return how often they did it.
constexpr auto kRename = [](int seconds) -> int64_t {
    const time_t end = time(nullptr) + seconds;
    int64_t count = 0;
    for (; time(nullptr) <= end; count++) {
        prctl(PR_SET_NAME, count % 2 == 0 ? "even" : "odd");
    }
    prctl(PR_SET_NAME, "final");
    return count;
};
constexpr auto kEnterOwnNetns = [](int seconds) -> int64_t {
    const int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    const time_t end = time(nullptr) + seconds;
    int64_t count = 0;
    for (; time(nullptr) <= end; count++) {
        if (setns(own, CLONE_NEWNET) != 0) {
            return -1;
        }
    }
    close(own);
    return count;
};

constexpr auto kSpawn = [](uint16_t port, int count) -> int64_t {
    const std::string port_text = std::to_string(port);
    for (int i = 0; i < count; i++) {
        const std::string note = "spawned " + std::to_string(i);
        const char* argv[] = {"traffic_program", "send",       "127.0.0.1",
                              port_text.c_str(), note.c_str(), nullptr};
        pid_t pid = 0;
        if (posix_spawn(&pid, TRAFFIC_PROGRAM, nullptr, nullptr, const_cast<char**>(argv),
                        nullptr) != 0) {
            return -1;
        }
        waitpid(pid, nullptr, 0);  // an actor's children are reaped already
    }
    return count;
};

struct Scene {
    Netns netns;
    TemporaryFolder folder;
    std::string file = folder.file("a.pcapng");
    Actor sink{netns, "sink"};
    int to = bound_socket(sink, make_address("127.0.0.1", 0), SOCK_DGRAM);
    uint16_t port = local_port(sink, to);

    std::vector<std::string> arguments(const std::vector<std::string>& more) const {
        std::vector<std::string> all = {"-i", "lo", "-w", file};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
};

// What `spawn` has started in the middle of storms is known to the last argument.
template <typename Storm>
void check_spawned(Storm storm, const std::vector<std::string>& options) {
    Scene scene;
    constexpr int kCount = 100;
    Capture capture(scene.netns, scene.arguments(options));
    Actor stormy(scene.netns, "stormy");
    Actor spawner(scene.netns, "spawner");
    stormy.begin(storm, kStormSeconds);
    std::this_thread::sleep_for(milliseconds(300));
    spawner.call(kSpawn, scene.port, kCount);
    hear_many(scene.sink, scene.to, kCount);
    CHECK(stormy.finish() > 10'000);
    capture.stop();
    CHECK(capture.err().find("process events lost") == std::string::npos);
    int seen = 0;
    for (const Packet& packet : read_packets(scene.file)) {
        INFO(describe(packet));
        CHECK(packet.self()->exe == TRAFFIC_PROGRAM);
        CHECK(packet.comment.at("cmdline") == "traffic_program send 127.0.0.1 " +
                                                  std::to_string(scene.port) + " spawned " +
                                                  std::to_string(seen++));
    }
    CHECK(seen == kCount);
}

TEST_CASE("a process that renames itself in a loop loses no fork and no exec of others") {
    check_spawned(kRename, {});
    check_spawned(kRename, {"--tracing", "syscalls"});
}

TEST_CASE("a process that enters its network namespace in a loop loses no fork and no exec") {
    check_spawned(kEnterOwnNetns, {});
    check_spawned(kEnterOwnNetns, {"--tracing", "syscalls"});
}

TEST_CASE("the name at the end of a loop of renames becomes known, to filters too") {
    Scene scene;
    Capture capture(scene.netns, scene.arguments({"--comm", "final"}));
    Actor stormy(scene.netns, "stormy");
    const int fd = connected_socket(stormy, make_address("127.0.0.1", scene.port), SOCK_DGRAM);
    pass(stormy, fd, scene.sink, scene.to, "before");
    stormy.call(kRename, 1);
    std::this_thread::sleep_for(milliseconds(2000));
    pass(stormy, fd, scene.sink, scene.to, "after");
    capture.stop();
    const std::vector<Packet> packets = read_packets(scene.file);
    REQUIRE(packets.size() == 1);
    INFO(describe(packets[0]));
    CHECK(packets[0].payload.ends_with("after"));
    CHECK(packets[0].self()->comm == "final");
}

}  // namespace
}  // namespace test
