// SPDX-License-Identifier: GPL-2.0-only
//
// UDP: no connection says whose a datagram is; the socket that it leaves by or leads to does.
#include <poll.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/kernel/world.h"

namespace test {
namespace {

struct Talker {
    Path path;
    Actor client;
    Actor server;
    int connected = -1;
    int unconnected = -1;
    int wildcard = -1;
    uint16_t port = 0;

    explicit Talker(const Path& on)
        : path(on), client(on.client, "client-" + on.name), server(on.server, "server-" + on.name) {
        wildcard = bound_socket(server, path.any_at(0), SOCK_DGRAM);
        port = local_port(server, wildcard);
        connected = connected_socket(client, path.server_at(port), SOCK_DGRAM);
        unconnected = bound_socket(client, path.any_at(0), SOCK_DGRAM);
    }

    void claim(Ownership& ownership) {
        ownership.claim("udp", path.server_address, port, server.who());
        for (const int fd : {connected, unconnected}) {
            ownership.claim("udp", path.client_address, local_port(client, fd), client.who());
        }
    }

    void talk() {
        for (int i = 0; i < 3; i++) {
            say(client, connected, "to a wildcard socket");
            hear_and_answer(server, wildcard, "from a wildcard socket");
            hear(client, connected);
            say_to(client, unconnected, path.server_at(port), "from an unconnected socket");
            hear_and_answer(server, wildcard, "to an unconnected socket");
            hear(client, unconnected);
        }
    }
};

TEST_CASE("udp: connected, unconnected and wildcard-bound sockets made after the start") {
    World world;
    world.start();
    Ownership ownership;
    for (const Path& path : world.paths()) {
        Talker talker(path);
        talker.claim(ownership);
        talker.talk();
    }
    world.stop();
    ownership.check(world);
    // Four paths, six exchanges of two datagrams; two paths lead to the far namespace.
    const auto is_udp = [](const Packet& packet) { return packet.protocol == "udp"; };
    CHECK(select(world.near_packets(), is_udp).size() == 48);
    CHECK(select(world.far_packets(), is_udp).size() == 24);
}

TEST_CASE("udp: sockets that were bound before the start, in any network namespace") {
    World world;
    Ownership ownership;
    std::vector<Talker> talkers;
    talkers.reserve(4);
    for (const Path& path : world.paths()) {
        talkers.emplace_back(path);
        talkers.back().claim(ownership);
    }
    world.start();
    for (Talker& talker : talkers) {
        talker.talk();
    }
    world.stop();
    ownership.check(world);
    const auto is_udp = [](const Packet& packet) { return packet.protocol == "udp"; };
    CHECK(select(world.near_packets(), is_udp).size() == 48);
}

TEST_CASE("an IPv6 wildcard socket is found for IPv4 packets, over UDP and TCP") {
    World world;
    world.start();
    Ownership ownership;
    for (const Path& path : world.paths()) {
        if (path.is_ipv6()) {
            continue;
        }
        Actor client(path.client, "client-" + path.name);
        Actor server(path.server, "server-" + path.name);
        const int udp = bound_socket(server, make_address("::", 0), SOCK_DGRAM);
        const uint16_t udp_port = local_port(server, udp);
        const int from = connected_socket(client, path.server_at(udp_port), SOCK_DGRAM);
        ownership.claim_flow("udp", path, local_port(client, from), client.who(), udp_port,
                             server.who());
        say(client, from, "to ::");
        hear_and_answer(server, udp, "from ::");
        hear(client, from);

        const int tcp = listener(server, make_address("::", 0));
        const uint16_t tcp_port = local_port(server, tcp);
        const int caller = connected_socket(client, path.server_at(tcp_port), SOCK_STREAM);
        ownership.claim_flow("tcp", path, local_port(client, caller), client.who(), tcp_port,
                             server.who());
        const int accepted = accept_from(server, tcp);
        pass(client, caller, server, accepted, "question");
        pass(server, accepted, client, caller, "answer");
        close_in(client, caller);
        hear_end(server, accepted);
        close_in(server, accepted);
        settle(path.client);
        settle(path.server);
    }
    world.stop();
    ownership.check(world);
}

// The kernel picks one of the sockets by a hash of the addresses. Who took a datagram answers it:
// the answer's signature is the oracle for the question.
TEST_CASE("udp: of processes that share a port by SO_REUSEPORT, the one that gets a datagram") {
    World world;
    world.start();
    Ownership ownership;
    std::map<std::pair<std::string, uint16_t>, Who> takers;  // by the client's address and port
    for (const Path& path : world.paths()) {
        Actor client(path.client, "client-" + path.name);
        std::vector<std::unique_ptr<Actor>> workers;
        std::vector<int> fds;
        uint16_t port = 0;
        for (int i = 0; i < 4; i++) {
            workers.push_back(std::make_unique<Actor>(path.server, "worker" + std::to_string(i)));
            fds.push_back(open_socket(*workers.back(), path.server_at(0).family(), SOCK_DGRAM));
            workers.back()->call(
                [](int which) {
                    const int on = 1;
                    return setsockopt(which, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
                },
                fds.back());
            bind_to(*workers.back(), fds.back(), path.server_at(port));
            port = local_port(*workers.back(), fds.back());
        }
        for (int i = 0; i < 16; i++) {
            const int from = connected_socket(client, path.server_at(port), SOCK_DGRAM);
            const uint16_t from_port = local_port(client, from);
            say(client, from, "to one of four");
            // Whoever has it answers.
            for (bool answered = false; !answered;) {
                for (size_t w = 0; w < workers.size() && !answered; w++) {
                    const bool has = workers[w]->call(
                                         [](int which) {
                                             pollfd ready{which, POLLIN, 0};
                                             return poll(&ready, 1, 5);
                                         },
                                         fds[w]) > 0;
                    if (has) {
                        hear_and_answer(*workers[w], fds[w], "from one of four");
                        takers[{path.client_address, from_port}] = workers[w]->who();
                        answered = true;
                    }
                }
            }
            hear(client, from);
            ownership.claim("udp", path.client_address, from_port, client.who());
            close_in(client, from);
        }
    }
    world.stop();
    ownership.set_rule([&](const Packet& packet) -> std::optional<Ends> {
        const auto question = takers.find({packet.source, packet.source_port});
        const auto answer = takers.find({packet.destination, packet.destination_port});
        auto ends = ownership.by_claims(packet);
        if (ends && question != takers.end()) {
            ends->receiver = {question->second};
        } else if (ends && answer != takers.end()) {
            ends->sender = {answer->second};
        }
        return ends;
    });
    ownership.check(world);
    std::set<uint32_t> pids;
    for (const auto& [from, who] : takers) {
        pids.insert(who.pid);
    }
    CHECK(pids.size() > 4);  // it did choose
}

TEST_CASE("udp: every fragment of a large datagram is its process's") {
    World world;
    world.start();
    Ownership ownership;
    std::vector<std::pair<Who, Who>> processes;
    for (const Path& path : world.paths()) {
        if (path.loopback) {
            continue;
        }
        Actor client(path.client, "client-" + path.name);
        Actor server(path.server, "server-" + path.name);
        const int to = bound_socket(server, path.server_at(0), SOCK_DGRAM);
        const int from =
            connected_socket(client, path.server_at(local_port(server, to)), SOCK_DGRAM);
        for (int i = 0; i < 3; i++) {
            client.call(
                [](int which) {
                    char large[6000] = "unsigned";
                    return write(which, large, sizeof(large));
                },
                from);
            hear(server, to);
        }
        processes.emplace_back(client.who(), server.who());
    }
    world.stop();
    size_t fragments = 0;
    ownership.set_rule([&](const Packet& packet) -> std::optional<Ends> {
        if (packet.source == "10.77.0.1" || packet.source == "fd77::1") {
            const auto& [client, server] = processes[packet.source == "fd77::1" ? 1 : 0];
            if (packet.protocol != "icmpv6" && packet.protocol != "arp") {
                fragments++;
                return Ends{{client}, {server}};
            }
        }
        return std::nullopt;
    });
    ownership.check(world);
    CHECK(fragments == 2 * 2 * 3 * 5);  // places, families, datagrams, fragments
    CHECK(select(world.far_packets(), [](const Packet& packet) {
              return packet.via() == "fragment";
          }).size() == 2 * 3 * 4);
}

}  // namespace
}  // namespace test
