// SPDX-License-Identifier: GPL-2.0-only
//
// 20,000 pings and 20,000 TCP exchanges: every packet is in the file, and not one has a wrong
// process. On lo the interface's own counter is the measure; on the veth pair, where the kernel
// sends neighbour discovery when it likes, each end's file has what the other's has.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "tests/kernel/ping.h"
#include "tests/kernel/world.h"
#include "tests/support/process.h"

namespace test {
namespace {

constexpr int kEach = 5000;  // on each of four paths

// What lo has sent so far.
uint64_t sent_on_lo(const Netns& netns) {
    const InNetns inside(netns);
    std::ifstream file("/proc/thread-self/net/dev");
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string name;
        words >> name;
        if (name == "lo:") {
            uint64_t value[10] = {};  // eight of reception, then bytes and packets sent
            for (uint64_t& number : value) {
                words >> number;
            }
            return value[9];
        }
    }
    return 0;
}

void check_counts(const World& world, uint64_t lo_before, const std::string& protocol) {
    const auto on = [&](const std::vector<Packet>& packets, const std::string& interface,
                        bool outbound) {
        return select(packets,
                      [&](const Packet& packet) {
                          return packet.interface == interface && packet.outbound == outbound &&
                                 packet.protocol.starts_with(protocol) && packet.icmp_type != 135 &&
                                 packet.icmp_type != 136 && packet.icmp_type != 143;
                      })
            .size();
    };
    CHECK(on(world.near_packets(), "lo", true) == sent_on_lo(world.near()) - lo_before);
    CHECK(on(world.near_packets(), "veth0", true) == on(world.far_packets(), "veth0", false));
    CHECK(on(world.near_packets(), "veth0", false) == on(world.far_packets(), "veth0", true));
}

TEST_CASE("of 20,000 pings every request and every reply is the ping's") {
    World world;
    world.start();
    const uint64_t lo_before = sent_on_lo(world.near());
    std::map<std::string, Who> pings;  // by the target's address
    for (const Path& path : world.paths()) {
        Process ping(
            Launch{{"ping", "-n", "-q", "-f", "-c", std::to_string(kEach), path.server_address},
                   &path.client});
        pings[path.server_address] = who_is_ping(ping.pid());
        CHECK(ping.wait() == 0);
        INFO(ping.out());
    }
    world.stop();
    check_counts(world, lo_before, "icmp");
    std::map<std::string, int> requests;
    std::map<std::string, int> replies;
    Ownership ownership;
    ownership.set_rule([&](const Packet& packet) -> std::optional<Ends> {
        if (packet.icmp_type == 8 || packet.icmp_type == 128) {
            requests[packet.destination]++;
            return packet.via() == "socket" ? Ends{{pings.at(packet.destination)}, {}} : Ends{};
        }
        if (packet.icmp_type == 0 || packet.icmp_type == 129) {
            replies[packet.source]++;
            return packet.via() == "icmp-echo" ? Ends{{}, {pings.at(packet.source)}} : Ends{};
        }
        return std::nullopt;
    });
    for (const auto* packets : {&world.near_packets(), &world.far_packets()}) {
        requests.clear();
        replies.clear();
        check(ownership, *packets);
        CHECK(requests.size() == (packets == &world.near_packets() ? 4U : 2U));
        for (const auto& [address, count] : requests) {
            INFO(address);
            CHECK(count == kEach);
            CHECK(replies[address] == kEach);
        }
    }
}

TEST_CASE("of 20,000 TCP exchanges every packet is its two processes'") {
    World world;
    world.start();
    const uint64_t lo_before = sent_on_lo(world.near());
    Ownership ownership;
    struct Pair {
        Who client;
        Who server;
    };
    std::map<std::pair<std::string, uint16_t>, Pair> pairs;  // by the server's address and port
    for (const Path& path : world.paths()) {
        Actor server(path.server, "server-" + path.name);
        Actor client(path.client, "client-" + path.name);
        const int listening = listener(server, path.server_at(0));
        const uint16_t port = local_port(server, listening);
        pairs[{path.server_address, port}] = {client.who(), server.who()};
        server.begin(
            [](int which, int count) -> int64_t {
                for (int i = 0; i < count; i++) {
                    char chunk[300];
                    const int fd = accept(which, nullptr, nullptr);
                    if (fd < 0 || read(fd, chunk, sizeof(chunk)) <= 0) {
                        return -1;
                    }
                    const int length =
                        snprintf(chunk, sizeof(chunk), "pid=%d tid=%d answer", getpid(), getpid());
                    if (write(fd, chunk, static_cast<size_t>(length)) != length ||
                        read(fd, chunk, sizeof(chunk)) != 0) {
                        return -1;
                    }
                    close(fd);
                }
                return 0;
            },
            listening, kEach);
        client.call(
            [](Address to, int count) -> int64_t {
                for (int i = 0; i < count; i++) {
                    char chunk[300];
                    const int fd = socket(to.family(), SOCK_STREAM, 0);
                    const int length = snprintf(chunk, sizeof(chunk), "pid=%d tid=%d question",
                                                getpid(), getpid());
                    if (connect(fd, reinterpret_cast<sockaddr*>(&to.storage), to.length) != 0 ||
                        write(fd, chunk, static_cast<size_t>(length)) != length ||
                        read(fd, chunk, sizeof(chunk)) <= 0) {
                        return -1;
                    }
                    close(fd);
                }
                return 0;
            },
            path.server_at(port), kEach);
        CHECK(server.finish() == 0);
        settle(path.client);
        settle(path.server);
    }
    world.stop();
    check_counts(world, lo_before, "tcp");
    std::map<std::string, int> questions;
    std::map<std::string, int> answers;
    ownership.set_rule([&](const Packet& packet) -> std::optional<Ends> {
        const auto question = pairs.find({packet.destination, packet.destination_port});
        if (question != pairs.end()) {
            questions[packet.destination] += packet.payload.empty() ? 0 : 1;
            return Ends{{question->second.client}, {question->second.server}};
        }
        const auto answer = pairs.find({packet.source, packet.source_port});
        if (answer != pairs.end()) {
            answers[packet.source] += packet.payload.empty() ? 0 : 1;
            return Ends{{answer->second.server}, {answer->second.client}};
        }
        return std::nullopt;
    });
    for (const auto* packets : {&world.near_packets(), &world.far_packets()}) {
        questions.clear();
        answers.clear();
        check(ownership, *packets);
        CHECK(questions.size() == (packets == &world.near_packets() ? 4U : 2U));
        for (const auto& [address, count] : questions) {
            INFO(address);
            CHECK(count == kEach);
            CHECK(answers[address] == kEach);
        }
    }
}

}  // namespace
}  // namespace test
