// SPDX-License-Identifier: GPL-2.0-only
//
// UDP: no connection says whose a datagram is; the socket that it leaves by or leads to does.
#include <poll.h>
#include <unistd.h>

#include <memory>

#include "tests/attribution/scenario.h"

namespace bench {
namespace {

using namespace test;

struct Talker {
    Path path;
    Actor client;
    Actor server;
    int connected = -1;
    int unconnected = -1;
    int wildcard = -1;
    uint16_t port = 0;

    // `family`: of the server's socket.
    Talker(const Path& on, const Address& any)
        : path(on), client(on.client, "client-" + on.name), server(on.server, "server-" + on.name) {
        wildcard = bound_socket(server, any, SOCK_DGRAM);
        port = local_port(server, wildcard);
        connected = connected_socket(client, path.server_at(port), SOCK_DGRAM);
        unconnected = bound_socket(client, path.any_at(0), SOCK_DGRAM);
    }

    void talk(Ownership& ownership) {
        ownership.claim("udp", path.server_address, port, server.who());
        for (const int fd : {connected, unconnected}) {
            ownership.claim("udp", path.client_address, local_port(client, fd), client.who());
        }
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

void play_new(const Path& path, Ownership& ownership) {
    Talker(path, path.any_at(0)).talk(ownership);
}

Play prepare_before(Stage& stage) {
    const auto talkers = std::make_shared<std::vector<std::unique_ptr<Talker>>>();
    for (const Path& path : stage.paths()) {
        talkers->push_back(std::make_unique<Talker>(path, path.any_at(0)));
    }
    return [talkers](Ownership& ownership) {
        for (const auto& talker : *talkers) {
            talker->talk(ownership);
        }
    };
}

// A socket that is bound to :: gets IPv4, too.
void play_dual_stack(const Path& path, Ownership& ownership) {
    if (!path.is_ipv6()) {
        Talker(path, make_address("::", 0)).talk(ownership);
    }
}

// The kernel picks one of the sockets by a hash of the addresses. Who took a datagram answers it.
void play_reuseport(const Path& path, Ownership& ownership) {
    Actor client(path.client, "client-" + path.name);
    std::vector<std::unique_ptr<Actor>> workers;
    std::vector<int> fds;
    uint16_t port = 0;
    for (int i = 0; i < 4; i++) {
        workers.push_back(std::make_unique<Actor>(path.server, "worker" + std::to_string(i)));
        fds.push_back(open_socket(*workers.back(), path.family(), SOCK_DGRAM));
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
        say(client, from, "to one of four");
        for (bool answered = false; !answered;) {
            for (size_t w = 0; w < workers.size() && !answered; w++) {
                answered = workers[w]->call(
                               [](int which) {
                                   pollfd ready{which, POLLIN, 0};
                                   return poll(&ready, 1, 1);
                               },
                               fds[w]) > 0;
                if (answered) {
                    hear_and_answer(*workers[w], fds[w], "from one of four");
                    ownership.claim_conversation("udp", path, local_port(client, from),
                                                 client.who(), port, workers[w]->who());
                }
            }
        }
        hear(client, from);
        close_in(client, from);
    }
}

}  // namespace

void add_udp(Scenarios& all) {
    all.push_back(on_each_path("udp-new", 64, play_new));
    all.push_back({"udp-before", 64, prepare_before});
    all.push_back(on_each_path("udp-dual-stack", 32, play_dual_stack));
    all.push_back(on_each_path("udp-reuseport", 172, play_reuseport));
}

}  // namespace bench
