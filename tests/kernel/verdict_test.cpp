// SPDX-License-Identifier: GPL-2.0-only
//
// What user space has decided about a process is kept to by the kernel: packets of processes that
// nobody wants stay there. But not one packet longer than the process is the same.
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/kernel/traffic.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/packets.h"
#include "tests/support/temporary_folder.h"

namespace test {
namespace {

constexpr int kRounds = 300;

// A talker that nobody listens to: its packets have one end only. The kernel's answers are ICMP.
struct Talk {
    Netns netns;
    TemporaryFolder folder;
    std::string file = folder.file("a.pcapng");
    Actor talker{netns, "unwanted"};
    int fd = open_socket(talker, AF_INET, SOCK_DGRAM);
    Address nobody = make_address("127.0.0.1", 9);

    void say(const std::string& note) { say_to(talker, fd, nobody, note); }
    void flood(int count) {
        talker.call(
            [](int socket, Address to, int packets) {
                for (int i = 0; i < packets; i++) {
                    (void)sendto(socket, "unsigned", 8, 0,
                                 reinterpret_cast<const sockaddr*>(&to.storage), to.length);
                }
                return 0;
            },
            fd, nobody, count);
    }
    void rename(const std::string& comm) {
        talker.call([](Text name) { return prctl(PR_SET_NAME, name.c_str()); }, Text(comm));
    }

    // The notes of the captured packets, in order.
    std::vector<std::string> notes() const {
        std::vector<std::string> notes;
        for (const Packet& packet : read_packets(file)) {
            INFO(describe(packet));
            REQUIRE(packet.self());
            CHECK(packet.self()->pid == static_cast<uint32_t>(talker.pid()));
            notes.push_back(packet.payload.substr(packet.payload.rfind(' ') + 1));
        }
        return notes;
    }
};

std::vector<std::string> numbered(const std::string& note, int count) {
    std::vector<std::string> notes;
    for (int i = 0; i < count; i++) {
        notes.push_back(note + std::to_string(i));
    }
    return notes;
}

TEST_CASE("a flood of a process that nobody wants takes room in the rings only at first") {
    constexpr int kFlood = 100'000;
    Talk talk;
    Capture capture(talk.netns, {"-i", "lo", "-w", talk.file, "--comm", "wanted", "udp"});
    talk.flood(kFlood);
    talk.rename("wanted");
    talk.say("at-last");
    capture.stop();
    CHECK(talk.notes() == std::vector<std::string>{"at-last"});
    const Statistics statistics = statistics_of(talk.file);
    CHECK(statistics.received < kFlood / 2);
    CHECK(statistics.dropped == 0);
    CHECK(totals_of(capture.err()).captured == 1);
}

TEST_CASE("packets without a process are left in the kernel unless they are wanted") {
    const Cable cable;
    const TemporaryFolder folder;
    Capture kernel(cable.a, {"-i", "va", "-w", folder.file("a"), "--kernel", "arp"});
    Capture none(cable.a, {"-i", "va", "-w", folder.file("b"), "--comm", "nobody", "arp"});
    Process ping(Launch{{"ping", "-n", "-q", "-c", "1", "-W", "1", "10.7.0.9"}, &cable.b});
    CHECK(ping.wait() == 1);  // nobody has this address: the kernel asks for it in vain
    kernel.stop();
    none.stop();
    CHECK(totals_of(kernel.err()).captured >= 1);
    for (const Packet& packet : read_packets(folder.file("a"))) {
        CHECK(packet.via() == "kernel");
    }
    CHECK(statistics_of(folder.file("b")).received == 0);
}

TEST_CASE("a process's new name counts from its very next packet") {
    Talk talk;
    Capture capture(talk.netns, {"-i", "lo", "-w", talk.file, "--comm", "wanted", "udp"});
    for (int i = 0; i < kRounds; i++) {
        talk.rename("unwanted");
        talk.flood(1 + i % 20);
        if (i % 50 == 0) {  // time to decide, and to be asleep
            std::this_thread::sleep_for(std::chrono::milliseconds(150));
        }
        talk.flood(1);
        talk.rename("wanted");
        talk.say("now" + std::to_string(i));
    }
    capture.stop();
    CHECK(talk.notes() == numbered("now", kRounds));
}

TEST_CASE("a process's new user counts from its very next packet") {
    Talk talk;
    Capture capture(talk.netns, {"-i", "lo", "-w", talk.file, "--uid", "34567", "udp"});
    for (int i = 0; i < kRounds; i++) {
        talk.talker.call([] { return seteuid(0); });
        talk.flood(1 + i % 20);
        if (i % 50 == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(150));
        }
        talk.flood(1);
        talk.talker.call([] { return seteuid(34567); });
        talk.say("now" + std::to_string(i));
    }
    capture.stop();
    CHECK(talk.notes() == numbered("now", kRounds));
}

TEST_CASE("an executable counts from the first packet of its process") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("a.pcapng");
    Capture capture(netns, {"-i", "lo", "-w", file, "--exe", TRAFFIC_PROGRAM, "udp"});
    constexpr int kPrograms = 40;
    std::vector<uint32_t> pids;
    for (int i = 0; i < kPrograms; i++) {
        Actor actor(netns, "before");
        const int fd = open_socket(actor, AF_INET, SOCK_DGRAM);
        // Enough of them that it is decided that nobody wants this process.
        for (int packet = 0; packet < 20; packet++) {
            say_to(actor, fd, make_address("127.0.0.1", 9), "before");
        }
        if (i % 4 == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(30));
        }
        pids.push_back(static_cast<uint32_t>(actor.pid()));
        actor.begin(
            [](Text program) -> int64_t {
                execl(program.c_str(), program.c_str(), "send", "127.0.0.1", "9", "after", nullptr);
                return -1;
            },
            Text(TRAFFIC_PROGRAM));
        CHECK(actor.finish() == Actor::kGone);
    }
    // The last one has been sent before its process ends, and they are the test's children.
    capture.stop();
    std::vector<uint32_t> seen;
    for (const Packet& packet : read_packets(file)) {
        INFO(describe(packet));
        CHECK(packet.payload.ends_with("after"));
        CHECK(packet.self()->exe == TRAFFIC_PROGRAM);
        seen.push_back(packet.self()->pid);
    }
    CHECK(seen == pids);
}

}  // namespace
}  // namespace test
