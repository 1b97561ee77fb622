// SPDX-License-Identifier: GPL-2.0-only
//
// TCP: every packet of a connection, from the SYN to the last ACK, belongs to the processes at its
// ends.
#include <fcntl.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <memory>

#include "tests/attribution/scenario.h"

namespace bench {
namespace {

using namespace test;

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

void close_both(const Connection& connection, Actor& client, Actor& server) {
    close_in(client, connection.client);
    hear_end(server, connection.server);
    close_in(server, connection.server);
}

// The whole conversation, and its end.
void converse(const Path& path, const Connection& made, Actor& client, Actor& server,
              Ownership& ownership) {
    ownership.claim_flow("tcp", path, made.client_port, client.who(), made.server_port,
                         server.who());
    talk(made, client, server);
    close_both(made, client, server);
    settle(path.client);
    settle(path.server);
}

void play_new(const Path& path, Ownership& ownership) {
    Actor client(path.client, "client-" + path.name);
    Actor server(path.server, "server-" + path.name);
    const Connection made = connect_pair(path, client, server);
    converse(path, made, client, server, ownership);
}

// Two processes with a connection, and a listener.
struct Couple {
    Path path;
    Actor client;
    Actor server;
    Connection made;

    explicit Couple(const Path& on)
        : path(on), client(on.client, "client-" + on.name), server(on.server, "server-" + on.name) {
        made = connect_pair(path, client, server);
    }
};

using Couples = std::vector<std::unique_ptr<Couple>>;

Couples couples_on(const Stage& stage) {
    Couples couples;
    for (const Path& path : stage.paths()) {
        couples.push_back(std::make_unique<Couple>(path));
    }
    return couples;
}

void claim(Ownership& ownership, const Couple& couple) {
    ownership.claim_flow("tcp", couple.path, couple.made.client_port, couple.client.who(),
                         couple.made.server_port, couple.server.who());
}

// The first packet is the receiver's as well, before it has used the socket again.
Play prepare_established(Stage& stage) {
    const auto couples = std::make_shared<Couples>(couples_on(stage));
    return [couples](Ownership& ownership) {
        for (const auto& couple : *couples) {
            claim(ownership, *couple);
            talk(couple->made, couple->client, couple->server);
            close_both(couple->made, couple->client, couple->server);
            settle(couple->path.client);
        }
    };
}

Play prepare_listening(Stage& stage) {
    const auto couples = std::make_shared<Couples>(couples_on(stage));
    return [couples](Ownership& ownership) {
        for (const auto& couple : *couples) {
            claim(ownership, *couple);
            Connection late = couple->made;
            late.client = connected_socket(couple->client, couple->path.server_at(late.server_port),
                                           SOCK_STREAM);
            ownership.claim("tcp", couple->path.client_address,
                            local_port(couple->client, late.client), couple->client.who());
            late.server = accept_from(couple->server, late.listener);
            talk(late, couple->client, couple->server);
            close_both(late, couple->client, couple->server);
            settle(couple->path.client);
        }
    };
}

// The server has closed a connection and sends its last words when the client's process has ended.
void play_late_fin(const Path& path, Ownership& ownership) {
    Actor client(path.client, "client-" + path.name);
    Actor server(path.server, "server-" + path.name);
    const Connection made = connect_pair(path, client, server);
    ownership.claim_flow("tcp", path, made.client_port, client.who(), made.server_port,
                         server.who());
    pass(client, made.client, server, made.server, "last words");
    client.exit();
    hear_end(server, made.server);
    close_in(server, made.server);
    settle(path.server);
}

// A process that leaves data unread resets the connection when it ends.
void play_reset(const Path& path, Ownership& ownership) {
    Actor client(path.client, "client-" + path.name);
    Actor server(path.server, "server-" + path.name);
    const Connection made = connect_pair(path, client, server);
    ownership.claim_flow("tcp", path, made.client_port, client.who(), made.server_port,
                         server.who());
    say(server, made.server, "never read");
    client.call(
        [](int which) {
            char byte = 0;
            return recv(which, &byte, 1, MSG_PEEK);
        },
        made.client);
    client.exit();
    server.try_call(
        [](int which) {
            char byte = 0;
            return read(which, &byte, 1);
        },
        made.server);
}

// Nobody listens: the answer is the kernel's, and for who called.
void play_closed_port(const Path& path, Ownership& ownership) {
    Actor client(path.client, "client-" + path.name);
    uint16_t closed = 0;
    {
        Actor before(path.server, "before-" + path.name);
        closed = local_port(before, bound_socket(before, path.server_at(0), SOCK_STREAM));
    }
    const int stream = bound_socket(client, path.client_at(0), SOCK_STREAM);
    ownership.claim("tcp", path.client_address, local_port(client, stream), client.who());
    client.try_call(
        [](int which, Address to) {
            return connect(which, reinterpret_cast<sockaddr*>(&to.storage), to.length);
        },
        stream, path.server_at(closed));
}

// A segment of no connection reaches a listener, and the kernel answers it. The client's socket
// takes itself for connected.
void play_stray_segment(const Path& path, Ownership& ownership) {
    Actor client(path.client, "client-" + path.name);
    Actor server(path.server, "server-" + path.name);
    const int listening = listener(server, path.server_at(0));
    const int stream = bound_socket(client, path.client_at(0), SOCK_STREAM);
    ownership.claim("tcp", path.client_address, local_port(client, stream), client.who());
    client.call(
        [](int which, Address to) {
            const int on = TCP_REPAIR_ON;
            const int off = TCP_REPAIR_OFF;  // sends a window probe
            const bool sent =
                setsockopt(which, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) == 0 &&
                connect(which, reinterpret_cast<sockaddr*>(&to.storage), to.length) == 0 &&
                setsockopt(which, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)) == 0;
            return sent ? 0 : -1;
        },
        stream, path.server_at(local_port(server, listening)));
}

// The server's end is in TIME_WAIT when the same client calls again from the same port.
void play_time_wait(const Path& path, Ownership& ownership) {
    Actor server(path.server, "server-" + path.name);
    const int listening = listener(server, path.server_at(0));
    const uint16_t port = local_port(server, listening);
    ownership.claim("tcp", path.server_address, port, server.who());
    Actor client(path.client, "client-" + path.name);
    uint16_t client_port = 0;
    for (int i = 0; i < 3; i++) {
        const int stream = bound_socket(client, path.client_at(client_port), SOCK_STREAM);
        if (client_port == 0) {
            client_port = local_port(client, stream);
            ownership.claim("tcp", path.client_address, client_port, client.who());
        }
        connect_to(client, stream, path.server_at(port));
        const int accepted = accept_from(server, listening);
        pass(client, stream, server, accepted, "question");
        close_in(server, accepted);
        hear_end(client, stream);
        close_in(client, stream);
        settle(path.client);
        settle(path.server);
    }
}

// One server, ten clients in turn with the same port. A connection begins with its SYN.
void play_port_in_turn(const Stage& stage, Ownership& ownership) {
    struct Turns {
        std::vector<Who> users;
        Who server;
        uint16_t port = 0;
        std::map<std::string, size_t> begun;  // by place
    };
    const auto turns = std::make_shared<std::map<std::string, Turns>>();  // by the client's address
    for (const Path& path : stage.paths()) {
        Turns& turn = (*turns)[path.client_address];
        Actor server(path.server, "server-" + path.name);
        const int listening = listener(server, path.server_at(0));
        const uint16_t port = local_port(server, listening);
        const int datagrams = bound_socket(server, path.server_at(port), SOCK_DGRAM);
        turn.server = server.who();
        for (int i = 0; i < 10; i++) {
            Actor client(path.client, "user" + std::to_string(i) + "-" + path.name);
            turn.users.push_back(client.who());
            const int stream = bound_socket(client, path.client_at(turn.port), SOCK_STREAM);
            turn.port = local_port(client, stream);
            connect_to(client, stream, path.server_at(port));
            const int accepted = accept_from(server, listening);
            for (int exchange = 0; exchange < 4; exchange++) {
                pass(client, stream, server, accepted, "question");
                pass(server, accepted, client, stream, "answer");
            }
            // The server closes first: TIME_WAIT is at its end, so that the port is free here.
            close_in(server, accepted);
            hear_end(client, stream);
            const int datagram = bound_socket(client, path.client_at(turn.port), SOCK_DGRAM);
            connect_to(client, datagram, path.server_at(port));
            say(client, datagram, "datagram");
            hear_and_answer(server, datagrams, "answer");
            hear(client, datagram);
            client.exit();  // closes both
            settle(path.client);
            settle(path.server);
        }
    }
    ownership.set_rule([turns](const Packet& packet) -> std::optional<Ends> {
        const auto from = turns->find(packet.source);
        const bool from_client = from != turns->end() && from->second.port == packet.source_port;
        const auto found = from_client ? from : turns->find(packet.destination);
        if (found == turns->end() || packet.source_port == 0) {
            return std::nullopt;
        }
        Turns& turn = found->second;
        // Each place has its packets in order.
        size_t& begun = turn.begun[packet.place];
        if ((packet.tcp_flags & (kSyn | kAck)) == kSyn) {
            begun++;
        }
        if (begun == 0) {
            return std::nullopt;
        }
        const Who& user = turn.users.at(begun - 1);
        return from_client ? Ends{{user}, {turn.server}} : Ends{{turn.server}, {user}};
    });
}

// The same address and ports in a namespace that isn't captured.
void play_other_namespace(const Path& path, Ownership& ownership) {
    if (!path.loopback) {
        return;
    }
    const Netns elsewhere;
    Actor server(path.server, "here");
    Actor other_server(elsewhere, "elsewhere");
    const int listening = listener(server, path.server_at(0));
    const uint16_t port = local_port(server, listening);
    const int other_listening = listener(other_server, path.server_at(port));
    Actor client(path.client, "client");
    Actor other_client(elsewhere, "other-client");
    const int stream = bound_socket(client, path.client_at(0), SOCK_STREAM);
    const uint16_t client_port = local_port(client, stream);
    const int other_stream = bound_socket(other_client, path.client_at(client_port), SOCK_STREAM);
    ownership.claim_flow("tcp", path, client_port, client.who(), port, server.who());
    connect_to(other_client, other_stream, path.server_at(port));
    connect_to(client, stream, path.server_at(port));
    const int other_accepted = accept_from(other_server, other_listening);
    const int accepted = accept_from(server, listening);
    for (int i = 0; i < 3; i++) {
        pass(other_client, other_stream, other_server, other_accepted, "elsewhere");
        pass(client, stream, server, accepted, "here");
        pass(other_server, other_accepted, other_client, other_stream, "elsewhere");
        pass(server, accepted, client, stream, "here");
    }
    close_in(other_client, other_stream);
    close_in(client, stream);
    hear_end(server, accepted);
    close_in(server, accepted);
    settle(path.client);
}

// A socket that listens on :: gets IPv4, too.
void play_dual_stack(const Path& path, Ownership& ownership) {
    if (path.is_ipv6()) {
        return;
    }
    Actor client(path.client, "client-" + path.name);
    Actor server(path.server, "server-" + path.name);
    const int listening = listener(server, make_address("::", 0));
    const uint16_t port = local_port(server, listening);
    const int caller = connected_socket(client, path.server_at(port), SOCK_STREAM);
    ownership.claim_flow("tcp", path, local_port(client, caller), client.who(), port, server.who());
    const int accepted = accept_from(server, listening);
    const Connection made{.listener = listening, .server = accepted, .client = caller};
    talk(made, client, server);
    close_both(made, client, server);
    settle(path.client);
    settle(path.server);
}

// Of four listeners on one port the kernel chooses one by a hash. Who accepts answers.
void play_reuseport(const Path& path, Ownership& ownership) {
    Actor client(path.client, "client-" + path.name);
    std::vector<std::unique_ptr<Actor>> workers;
    std::vector<int> fds;
    uint16_t port = 0;
    for (int i = 0; i < 4; i++) {
        workers.push_back(std::make_unique<Actor>(path.server, "worker" + std::to_string(i)));
        fds.push_back(open_socket(*workers.back(), path.family(), SOCK_STREAM));
        workers.back()->call(
            [](int which) {
                const int on = 1;
                return setsockopt(which, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
            },
            fds.back());
        bind_to(*workers.back(), fds.back(), path.server_at(port));
        port = local_port(*workers.back(), fds.back());
        workers.back()->call(
            [](int which) {
                fcntl(which, F_SETFL, O_NONBLOCK);
                return listen(which, 10);
            },
            fds.back());
    }
    for (int i = 0; i < 8; i++) {
        const int caller = connected_socket(client, path.server_at(port), SOCK_STREAM);
        const uint16_t caller_port = local_port(client, caller);
        int64_t accepted = -1;
        for (size_t w = 0; accepted < 0; w = (w + 1) % workers.size()) {
            accepted = workers[w]->try_call(
                [](int which) { return accept(which, nullptr, nullptr); }, fds[w]);
            if (accepted >= 0) {
                // Each caller has a port of its own, by which its server is known.
                ownership.claim_conversation("tcp", path, caller_port, client.who(), port,
                                             workers[w]->who());
                const auto fd = static_cast<int>(accepted);
                pass(client, caller, *workers[w], fd, "question");
                pass(*workers[w], fd, client, caller, "answer");
                close_in(client, caller);
                hear_end(*workers[w], fd);
                close_in(*workers[w], fd);
            }
        }
        settle(path.client);
        settle(path.server);
    }
}

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

// Multipath TCP: the connection is the process's, its subflows are sockets of the kernel's.
struct Multipath {
    Path path;
    Actor client;
    Actor server;
    Connection made;

    explicit Multipath(const Path& on)
        : path(on), client(on.client, "client-" + on.name), server(on.server, "server-" + on.name) {
        made.listener = open_socket(server, path.family(), SOCK_STREAM, IPPROTO_MPTCP);
        bind_to(server, made.listener, path.server_at(0));
        server.call([](int which) { return listen(which, 10); }, made.listener);
        made.server_port = local_port(server, made.listener);
    }

    void play(Ownership& ownership) {
        made.client = open_socket(client, path.family(), SOCK_STREAM, IPPROTO_MPTCP);
        connect_to(client, made.client, path.server_at(made.server_port));
        made.client_port = local_port(client, made.client);
        made.server = accept_from(server, made.listener);
        converse(path, made, client, server, ownership);
    }
};

// `before`: the listener is there before the start.
Play prepare_multipath(Stage& stage, bool before) {
    const auto all = std::make_shared<std::vector<std::unique_ptr<Multipath>>>();
    const auto make = [all, &stage] {
        for (const Path& path : stage.paths()) {
            all->push_back(std::make_unique<Multipath>(path));
        }
    };
    {
        const InNetns inside(stage.near());
        const pcapng::Fd probe(socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP));
        if (!probe.valid()) {
            throw Skip("no Multipath TCP here");
        }
    }
    if (before) {
        make();
    }
    return [all, make, before](Ownership& ownership) {
        if (!before) {
            make();
        }
        for (const auto& one : *all) {
            one->play(ownership);
        }
    };
}

}  // namespace

void add_tcp(Scenarios& all) {
    all.push_back(on_each_path("tcp-new", 75, play_new));
    all.push_back({"tcp-established-before", 60, prepare_established});
    all.push_back({"tcp-listening-before", 75, prepare_listening});
    all.push_back(on_each_path("tcp-dual-stack", 37, play_dual_stack));
    all.push_back(on_each_path("tcp-late-fin", 44, play_late_fin));
    all.push_back(on_each_path("tcp-reset", 32, play_reset));
    all.push_back(on_each_path("tcp-closed-port", 10, play_closed_port));
    all.push_back(on_each_path("tcp-stray-segment", 10, play_stray_segment));
    all.push_back(on_each_path("tcp-time-wait", 130, play_time_wait));
    all.push_back(from_scratch("tcp-port-in-turn", 1000, play_port_in_turn));
    all.push_back(on_each_path("tcp-other-namespace", 26, play_other_namespace));
    all.push_back(on_each_path("tcp-reuseport", 400, play_reuseport));
    all.push_back(
        {"multipath-tcp", 75, [](Stage& stage) { return prepare_multipath(stage, false); }});
    all.push_back({"multipath-tcp-listening-before", 75,
                   [](Stage& stage) { return prepare_multipath(stage, true); }});
}

void add_idle(Scenarios& all) {
    // Played last: silent since before the start.
    all.push_back({"tcp-idle", 60, prepare_established});
}

}  // namespace bench
