// SPDX-License-Identifier: GPL-2.0-only
//
// Whose packets are wanted: --pid, --comm, --uid, --follow, and a command of our own.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <set>

#include "tests/kernel/world.h"
#include "tests/support/capture.h"

namespace test {
namespace {

// Four talkers and a sink on lo; each sends five datagrams.
struct Crowd {
    Netns netns;
    TemporaryFolder folder;
    Actor sink{netns, "sink"};
    int to = bound_socket(sink, make_address("127.0.0.1", 0), SOCK_DGRAM);
    uint16_t port = local_port(sink, to);
    std::vector<std::unique_ptr<Actor>> talkers;

    Crowd() {
        for (const char* name : {"ann", "bob", "cid", "ann"}) {
            talkers.push_back(std::make_unique<Actor>(netns, name));
        }
    }

    void all_talk() {
        for (const auto& talker : talkers) {
            const int fd = connected_socket(*talker, make_address("127.0.0.1", port), SOCK_DGRAM);
            for (int i = 0; i < 5; i++) {
                pass(*talker, fd, sink, to, "heard");
            }
        }
    }

    // Runs a capture with these arguments while `traffic` goes on; how many packets of whom.
    template <typename Traffic>
    std::map<uint32_t, int> senders(std::vector<std::string> arguments, Traffic traffic) {
        const std::string file = folder.file("filtered.pcapng");
        arguments.insert(arguments.begin(), {"-i", "lo", "-w", file});
        Capture capture(netns, arguments);
        traffic();
        capture.stop();
        std::map<uint32_t, int> counts;
        for (const Packet& packet : read_packets(file)) {
            uint32_t pid = 0;
            INFO(describe(packet));
            REQUIRE(std::sscanf(packet.payload.c_str(), "pid=%u", &pid) == 1);
            CHECK(packet.self()->pid == pid);
            counts[pid]++;
        }
        return counts;
    }

    uint32_t pid(size_t which) const { return static_cast<uint32_t>(talkers[which]->pid()); }
};

using Counts = std::map<uint32_t, int>;

TEST_CASE("option --pid takes the packets of one process, of two, and those to them") {
    Crowd crowd;
    const auto talk = [&] { crowd.all_talk(); };
    const auto option = [&](size_t which) { return std::to_string(crowd.pid(which)); };
    CHECK(crowd.senders({"--pid", option(1)}, talk) == Counts{{crowd.pid(1), 5}});
    CHECK(crowd.senders({"--pid", option(1), "--pid", option(3)}, talk) ==
          Counts{{crowd.pid(1), 5}, {crowd.pid(3), 5}});
    CHECK(crowd.senders({"--pid", std::to_string(crowd.sink.pid())}, talk) ==
          Counts{{crowd.pid(0), 5}, {crowd.pid(1), 5}, {crowd.pid(2), 5}, {crowd.pid(3), 5}});
}

TEST_CASE("options --comm and --uid take the packets of all who match") {
    Crowd crowd;
    const auto talk = [&] { crowd.all_talk(); };
    CHECK(crowd.senders({"--comm", "ann"}, talk) == Counts{{crowd.pid(0), 5}, {crowd.pid(3), 5}});
    CHECK(crowd.senders({"--comm", "ann", "--comm", "cid"}, talk) ==
          Counts{{crowd.pid(0), 5}, {crowd.pid(2), 5}, {crowd.pid(3), 5}});
    CHECK(crowd.senders({"--comm", "nobody"}, talk).empty());
    crowd.talkers[2]->call([] { return setuid(34567); });
    CHECK(crowd.senders({"--uid", "34567"}, talk) == Counts{{crowd.pid(2), 5}});
    CHECK(crowd.senders({"--uid", "34568"}, talk).empty());
}

// pidcap looks only when the process is root again: the packets alone know who sent them.
TEST_CASE("option --uid and the user in the file are of the packet's moment") {
    const Netns netns;
    const TemporaryFolder folder;
    constexpr uint32_t kNobody = 65534;
    Actor sink(netns, "sink");
    sink.call([] { return setuid(45678); });
    const int to = bound_socket(sink, make_address("127.0.0.1", 0), SOCK_DGRAM);
    Actor talker(netns, "talker");
    const int fd =
        connected_socket(talker, make_address("127.0.0.1", local_port(sink, to)), SOCK_DGRAM);
    const auto packets_with = [&](const std::vector<std::string>& options) {
        std::vector<std::string> arguments = {"-i",         "lo",   "-w", folder.file("uid.pcapng"),
                                              "--comments", "full", "-v"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        Capture capture(netns, arguments);
        capture.signal(SIGSTOP);
        say(talker, fd, "uid=0");
        talker.call([](uint32_t uid) { return seteuid(uid); }, kNobody);
        say(talker, fd, "uid=65534");
        talker.call([] { return seteuid(0); });
        say(talker, fd, "uid=0");
        capture.signal(SIGCONT);
        capture.stop();
        std::vector<std::string> notes;
        for (const Packet& packet : read_packets(folder.file("uid.pcapng"))) {
            INFO(describe(packet));
            const std::string note = packet.payload.substr(packet.payload.find("uid="));
            CHECK(note == "uid=" + std::to_string(packet.self()->uid));
            CHECK(packet.comment.at("user") == (note == "uid=0" ? "root" : "nobody"));
            notes.push_back(note);
        }
        return notes;
    };
    using Notes = std::vector<std::string>;
    CHECK(packets_with({}) == Notes{"uid=0", "uid=65534", "uid=0"});
    CHECK(packets_with({"--uid", "0"}) == Notes{"uid=0", "uid=0"});
    CHECK(packets_with({"--uid", "nobody"}) == Notes{"uid=65534"});
}

TEST_CASE("option --follow takes children too: those there were, new ones, and theirs") {
    Crowd crowd;
    Actor old_child = crowd.talkers[0]->fork_child("old-child");
    std::vector<std::unique_ptr<Actor>> later;
    const auto traffic = [&] {
        later.push_back(std::make_unique<Actor>(crowd.talkers[0]->fork_child("new-child")));
        later.push_back(std::make_unique<Actor>(later.back()->fork_child("grandchild")));
        later.push_back(std::make_unique<Actor>(old_child.fork_child("old-grandchild")));
        // Not of the family.
        later.push_back(std::make_unique<Actor>(crowd.talkers[1]->fork_child("other-child")));
        for (const auto& actor : later) {
            const int fd =
                connected_socket(*actor, make_address("127.0.0.1", crowd.port), SOCK_DGRAM);
            pass(*actor, fd, crowd.sink, crowd.to, "heard");
        }
        const int fd =
            connected_socket(old_child, make_address("127.0.0.1", crowd.port), SOCK_DGRAM);
        pass(old_child, fd, crowd.sink, crowd.to, "heard");
        crowd.all_talk();
    };
    const auto pid_of = [](const Actor& actor) { return static_cast<uint32_t>(actor.pid()); };
    const std::string parent = std::to_string(crowd.pid(0));
    CHECK(crowd.senders({"--pid", parent}, traffic) == Counts{{crowd.pid(0), 5}});
    later.clear();
    const auto followed = crowd.senders({"--pid", parent, "--follow"}, traffic);
    CHECK(followed == Counts{{crowd.pid(0), 5},
                             {pid_of(old_child), 1},
                             {pid_of(*later[0]), 1},
                             {pid_of(*later[1]), 1},
                             {pid_of(*later[2]), 1}});
}

TEST_CASE("a command's whole process tree is captured from its first packet, and nothing else") {
    Crowd crowd;
    const std::string file = crowd.folder.file("tree.pcapng");
    Actor& noise = *crowd.talkers[0];
    const int noisy = connected_socket(noise, make_address("127.0.0.1", crowd.port), SOCK_DGRAM);
    say(noise, noisy, "noise");
    Pidcap pidcap(Launch{{"-i", "lo", "-w", file, "--", TRAFFIC_PROGRAM, "tree", "127.0.0.1",
                          std::to_string(crowd.port)},
                         &crowd.netns});
    say(noise, noisy, "noise");
    CHECK(pidcap.wait() == 0);
    INFO(pidcap.err());
    CHECK(totals_of(pidcap.err()).captured == 7);
    std::map<std::string, int> generations;
    std::set<uint32_t> pids;
    for (const Packet& packet : read_packets(file)) {
        uint32_t pid = 0;
        char generation[64] = "";
        INFO(describe(packet));
        REQUIRE(std::sscanf(packet.payload.c_str(), "pid=%u tid=%*u %63[^\n]", &pid, generation) ==
                2);
        CHECK(packet.self()->pid == pid);
        CHECK(packet.self()->comm == "traffic_program");
        CHECK(packet.self()->exe == TRAFFIC_PROGRAM);
        CHECK(packet.peer()->comm == "sink");
        generations[generation]++;
        pids.insert(pid);
    }
    CHECK(pids.size() == 7);
    CHECK(generations == std::map<std::string, int>{
                             {"generation 0", 1}, {"generation 1", 2}, {"generation 2", 4}});
}

TEST_CASE("pidcap ends with its command's status") {
    const Netns netns;
    const auto status_of = [&](const std::vector<std::string>& command) {
        std::vector<std::string> arguments = {"-i", "lo", "--"};
        arguments.insert(arguments.end(), command.begin(), command.end());
        return run_pidcap(Launch{arguments, &netns}).status;
    };
    CHECK(status_of({TRAFFIC_PROGRAM, "exit", "0"}) == 0);
    CHECK(status_of({TRAFFIC_PROGRAM, "exit", "42"}) == 42);
    CHECK(status_of({TRAFFIC_PROGRAM, "kill", "15"}) == 128 + 15);
    CHECK(status_of({TRAFFIC_PROGRAM, "kill", "9"}) == 128 + 9);
}

}  // namespace
}  // namespace test
