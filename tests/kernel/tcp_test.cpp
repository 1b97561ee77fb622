// SPDX-License-Identifier: GPL-2.0-only
//
// TCP: every packet of a connection, from the SYN to the last ACK, belongs to the processes at its
// ends.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/kernel/world.h"

namespace test {
namespace {

struct Connection {
    int listener = -1;
    int server = -1;
    int client = -1;
    uint16_t server_port = 0;
    uint16_t client_port = 0;
};

Connection connect_pair(const Path& path, Actor& client, Actor& server) {
    Connection made;
    made.listener = listener(server, path.server_at(0));
    made.server_port = local_port(server, made.listener);
    made.client = connected_socket(client, path.server_at(made.server_port), SOCK_STREAM);
    made.client_port = local_port(client, made.client);
    made.server = accept_from(server, made.listener);
    return made;
}

void talk(const Connection& connection, Actor& client, Actor& server) {
    for (int i = 0; i < 3; i++) {
        pass(client, connection.client, server, connection.server, "question");
        pass(server, connection.server, client, connection.client, "answer");
    }
}

bool is_between(const Packet& packet, uint16_t one, uint16_t other) {
    return (packet.source_port == one && packet.destination_port == other) ||
           (packet.source_port == other && packet.destination_port == one);
}

TEST_CASE("tcp: a new connection is its processes' from the SYN to the last ACK") {
    World world;
    world.start();
    Ownership ownership;
    std::vector<Connection> connections;
    for (const Path& path : world.paths()) {
        Actor client(path.client, "client-" + path.name);
        Actor server(path.server, "server-" + path.name);
        const Connection made = connect_pair(path, client, server);
        connections.push_back(made);
        ownership.claim_flow("tcp", path, made.client_port, client.who(), made.server_port,
                             server.who());
        talk(made, client, server);
        close_in(client, made.client);
        hear_end(server, made.server);
        close_in(server, made.server);
        settle(path.client);
        settle(path.server);
    }
    world.stop();
    ownership.check(world);
    for (const Connection& made : connections) {
        const bool loopback = &made - connections.data() < 2;
        for (const auto* packets : {&world.near_packets(), &world.far_packets()}) {
            if (loopback && packets == &world.far_packets()) {
                continue;
            }
            const auto count = [&](unsigned flags) {
                return select(*packets,
                              [&](const Packet& packet) {
                                  return is_between(packet, made.client_port, made.server_port) &&
                                         (packet.tcp_flags & (kSyn | kFin | kAck)) == flags;
                              })
                    .size();
            };
            CHECK(count(kSyn) == 1);
            CHECK(count(kSyn | kAck) == 1);
            CHECK(count(kFin | kAck) == 2);
            // Three each way, with data; and without: the handshake's and the last one at least.
            CHECK(count(kAck) >= 8);
        }
    }
}

TEST_CASE("tcp: sockets that existed before the start are known, in any network namespace") {
    World world;
    struct Pair {
        Path path;
        Actor client;
        Actor server;
        Connection idle;
    };
    std::vector<Pair> pairs;
    pairs.reserve(4);
    Ownership ownership;
    for (const Path& path : world.paths()) {
        pairs.push_back({path,
                         Actor(path.client, "client-" + path.name),
                         Actor(path.server, "server-" + path.name),
                         {}});
        Pair& pair = pairs.back();
        pair.idle = connect_pair(path, pair.client, pair.server);
        ownership.claim_flow("tcp", path, pair.idle.client_port, pair.client.who(),
                             pair.idle.server_port, pair.server.who());
    }
    world.start();
    for (Pair& pair : pairs) {
        // The first packet is the receiver's as well, before it has used the socket again.
        talk(pair.idle, pair.client, pair.server);
        // And the listener.
        Connection late = pair.idle;
        late.client =
            connected_socket(pair.client, pair.path.server_at(late.server_port), SOCK_STREAM);
        ownership.claim("tcp", pair.path.client_address, local_port(pair.client, late.client),
                        pair.client.who());
        late.server = accept_from(pair.server, late.listener);
        talk(late, pair.client, pair.server);
        for (const Connection& connection : {pair.idle, late}) {
            close_in(pair.server, connection.server);
            hear_end(pair.client, connection.client);
            close_in(pair.client, connection.client);
        }
        settle(pair.path.client);
        settle(pair.path.server);
    }
    world.stop();
    ownership.check(world);
}

}  // namespace
}  // namespace test
