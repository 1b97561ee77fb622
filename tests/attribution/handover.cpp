// SPDX-License-Identifier: GPL-2.0-only
//
// Sockets with several users: the owner is the process that used it last, from the first packet
// that its use causes.
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <thread>

#include "tests/attribution/scenario.h"
#include "tests/support/own_mounts.h"

namespace bench {
namespace {

using namespace test;

// A connection whose client end is going to have several users.
struct Shared {
    Actor first;
    Actor peer;
    int fd = -1;
    int peer_fd = -1;
    uint16_t port = 0;
    uint16_t peer_port = 0;

    Shared(const Path& path, int type)
        : first(path.client, "first-" + path.name), peer(path.server, "peer-" + path.name) {
        if (type == SOCK_DGRAM) {
            peer_fd = bound_socket(peer, path.server_at(0), type);
            peer_port = local_port(peer, peer_fd);
            fd = connected_socket(first, path.server_at(peer_port), type);
            port = local_port(first, fd);
            connect_to(peer, peer_fd, path.client_at(port));
            return;
        }
        const int listening = listener(peer, path.server_at(0));
        peer_port = local_port(peer, listening);
        fd = connected_socket(first, path.server_at(peer_port), type);
        port = local_port(first, fd);
        peer_fd = accept_from(peer, listening);
    }
};

const char* protocol_name(int type) {
    return type == SOCK_DGRAM ? "udp" : "tcp";
}

// Until a process waits in this system call.
void wait_until_in_call(pid_t pid, long call) {
    const std::string wanted = std::to_string(call) + " ";
    for (int tries = 0; tries < 10000; tries++) {
        std::ifstream file("/proc/" + std::to_string(pid) + "/syscall");
        std::string line;
        std::getline(file, line);
        if (line.starts_with(wanted)) {
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    throw std::runtime_error("process " + std::to_string(pid) + " doesn't wait in its call");
}

// The same as say(), in a thread of its own, which the signature names.
void say_in_thread(Actor& actor, int fd, const std::string& note) {
    uint32_t tid = 0;
    actor.call_in_thread(
        tid,
        [](int which, Text text) {
            char chunk[300];
            const int length = snprintf(chunk, sizeof(chunk), "pid=%d tid=%ld %s", getpid(),
                                        syscall(SYS_gettid), text.c_str());
            return write(which, chunk, static_cast<size_t>(length));
        },
        fd, Text(note));
}

// `user` sends, which makes the socket its own; what comes back is then for it.
void use_by(Actor& user, int fd, Actor& peer, int peer_fd) {
    pass(user, fd, peer, peer_fd, "from its user " + for_user(peer));
    pass(peer, peer_fd, user, fd, "to its user " + for_user(user));
}

void claim_users(Ownership& ownership, const Path& path, int type, const Shared& shared,
                 const std::vector<const Actor*>& users) {
    for (const Actor* user : users) {
        ownership.add_user(user->who());
        ownership.claim(protocol_name(type), path.client_address, shared.port, user->who());
    }
    ownership.add_user(shared.peer.who());
    ownership.claim(protocol_name(type), path.server_address, shared.peer_port, shared.peer.who());
}

// After the socket has been closed by all its users.
void close_peer(const Path& path, int type, Shared& shared) {
    if (type == SOCK_STREAM) {
        hear_end(shared.peer, shared.peer_fd);
        close_in(shared.peer, shared.peer_fd);
        settle(path.client);
    }
}

void play_inherited(const Path& path, Ownership& ownership) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        Shared shared(path, type);
        Actor child = shared.first.fork_child("child-" + path.name);
        claim_users(ownership, path, type, shared, {&shared.first, &child});
        use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
        use_by(child, shared.fd, shared.peer, shared.peer_fd);
        use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
        use_by(child, shared.fd, shared.peer, shared.peer_fd);
        close_in(shared.first, shared.fd);
        use_by(child, shared.fd, shared.peer, shared.peer_fd);
        close_in(child, shared.fd);
        close_peer(path, type, shared);
    }
}

// Both ends change hands in the middle of a connection on which much has passed.
void play_full_flow(const Path& path, Ownership& ownership) {
    Shared shared(path, SOCK_STREAM);
    Actor child = shared.first.fork_child("child-" + path.name);
    Actor peer_child = shared.peer.fork_child("other-" + path.name);
    claim_users(ownership, path, SOCK_STREAM, shared, {&shared.first, &child});
    ownership.add_user(peer_child.who());
    ownership.claim("tcp", path.server_address, shared.peer_port, peer_child.who());
    // Who is new says the first word: until then, packets to its end are for the last user.
    const auto exchange = [](Actor& one, int fd, Actor& other, int other_fd) {
        for (int i = 0; i < 10; i++) {
            use_by(one, fd, other, other_fd);
        }
    };
    exchange(shared.first, shared.fd, shared.peer, shared.peer_fd);
    exchange(child, shared.fd, shared.peer, shared.peer_fd);
    exchange(peer_child, shared.peer_fd, child, shared.fd);
    exchange(shared.first, shared.fd, peer_child, shared.peer_fd);
    exchange(shared.peer, shared.peer_fd, shared.first, shared.fd);
    settle(path.client);
}

// To a process without ties, in whatever namespace.
void play_scm_rights(const Path& path, Ownership& ownership) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        Shared shared(path, type);
        Actor stranger(path.server, "stranger");
        int passed = -1;
        {
            const pcapng::Fd copy = shared.first.take(shared.fd);
            passed = stranger.give(copy.get());
        }
        claim_users(ownership, path, type, shared, {&shared.first, &stranger});
        use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
        use_by(stranger, passed, shared.peer, shared.peer_fd);
        close_in(shared.first, shared.fd);
        use_by(stranger, passed, shared.peer, shared.peer_fd);
        // Here ends the peer first, so that its FIN is the first.
        close_in(shared.peer, shared.peer_fd);
        if (type == SOCK_STREAM) {
            hear_end(stranger, passed);
        }
        close_in(stranger, passed);
        settle(path.client);
    }
}

// A socket that existed before the start, of one process then, passed and shared afterwards.
Play prepare_inherited_before(Stage& stage) {
    struct Family {
        Path path;
        Shared shared;
        Actor child;
    };
    const auto families = std::make_shared<std::vector<std::unique_ptr<Family>>>();
    for (const Path& path : stage.paths()) {
        Shared shared(path, SOCK_STREAM);
        Actor child = shared.first.fork_child("child-" + path.name);
        families->push_back(
            std::make_unique<Family>(Family{path, std::move(shared), std::move(child)}));
    }
    return [families](Ownership& ownership) {
        for (const auto& family : *families) {
            Shared& shared = family->shared;
            claim_users(ownership, family->path, SOCK_STREAM, shared,
                        {&shared.first, &family->child});
            use_by(family->child, shared.fd, shared.peer, shared.peer_fd);
            use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
            close_in(shared.first, shared.fd);
            close_in(family->child, shared.fd);
            hear_end(shared.peer, shared.peer_fd);
            close_in(shared.peer, shared.peer_fd);
            settle(family->path.client);
        }
    };
}

// PID 1's part: it makes the listener and execs nothing; the service gets it and accepts.
void play_socket_activation(const Path& path, Ownership& ownership) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
        Actor init(path.server, "init-" + path.name);
        const int fd = type == SOCK_STREAM ? listener(init, path.server_at(0))
                                           : bound_socket(init, path.server_at(0), type);
        const uint16_t port = local_port(init, fd);
        Actor service = init.fork_child("service-" + path.name);
        Actor client(path.client, "client-" + path.name);
        // The service waits before anybody calls, as after its first activation.
        const int caller = open_socket(client, path.family(), type);
        if (type == SOCK_DGRAM) {
            service.begin(
                [](int which) {
                    char chunk[300];
                    return recv(which, chunk, sizeof(chunk), 0);
                },
                fd);
            wait_until_in_call(service.pid(), SYS_recvfrom);
            connect_to(client, caller, path.server_at(port));
            say(client, caller, "question");
            service.finish();
            ownership.claim_flow("udp", path, local_port(client, caller), client.who(), port,
                                 service.who());
            continue;
        }
        service.begin([](int which) { return accept(which, nullptr, nullptr); }, fd);
        wait_until_in_call(service.pid(), SYS_accept);
        connect_to(client, caller, path.server_at(port));
        const auto accepted = static_cast<int>(service.finish());
        ownership.claim_flow("tcp", path, local_port(client, caller), client.who(), port,
                             service.who());
        pass(client, caller, service, accepted, "question");
        pass(service, accepted, client, caller, "answer");
        close_in(client, caller);
        hear_end(service, accepted);
        close_in(service, accepted);
        settle(path.client);
    }
}

// The call that activates the service comes while only init knows the socket.
void play_first_activation(const Path& path, Ownership& ownership) {
    Actor init(path.server, "init-" + path.name);
    const int fd = listener(init, path.server_at(0));
    const uint16_t port = local_port(init, fd);
    Actor client(path.client, "client-" + path.name);
    const int caller = connected_socket(client, path.server_at(port), SOCK_STREAM);
    Actor service = init.fork_child("service-" + path.name);
    ownership.claim_conversation("tcp", path, local_port(client, caller), client.who(), port,
                                 service.who(), {init.who()});
    const int accepted = accept_from(service, fd);
    pass(client, caller, service, accepted, "question");
    pass(service, accepted, client, caller, "answer");
    close_in(client, caller);
    hear_end(service, accepted);
    close_in(service, accepted);
    settle(path.client);
}

// A server that accepts itself, in a thread, and hands over to a forked worker.
void play_accept(const Path& path, Ownership& ownership) {
    Actor client(path.client, "client-" + path.name);
    Actor server(path.server, "server-" + path.name);
    const int listening = listener(server, path.server_at(0));
    const uint16_t port = local_port(server, listening);
    ownership.add_user(client.who());
    ownership.add_user(server.who());
    ownership.claim("tcp", path.server_address, port, server.who());
    const auto call = [&] {
        const int fd = connected_socket(client, path.server_at(port), SOCK_STREAM);
        ownership.claim("tcp", path.client_address, local_port(client, fd), client.who());
        return fd;
    };
    {
        const int caller = call();
        const int accepted = accept_from(server, listening);
        use_by(server, accepted, client, caller);
        close_in(server, accepted);
        close_in(client, caller);
    }
    {
        // The signature's tid is the thread's.
        const int caller = call();
        uint32_t tid = 0;
        const auto accepted = static_cast<int>(server.call_in_thread(
            tid, [](int which) { return accept(which, nullptr, nullptr); }, listening));
        say_in_thread(server, accepted, "by a thread " + for_user(client));
        hear(client, caller);
        close_in(server, accepted);
        close_in(client, caller);
    }
    {
        // Accept, fork, close: the classic server.
        const int caller = call();
        const int accepted = accept_from(server, listening);
        Actor worker = server.fork_child("worker-" + path.name);
        close_in(server, accepted);
        ownership.add_user(worker.who());
        ownership.claim("tcp", path.server_address, port, worker.who());
        use_by(worker, accepted, client, caller);
        use_by(worker, accepted, client, caller);
        close_in(worker, accepted);
        close_in(client, caller);
    }
    settle(path.server);
}

// The client speaks at once, so that its data is there before the worker has used the new socket:
// the worker whose accept(2) waits is the only one that can be named.
void play_prefork_one(const Path& path, Ownership& ownership) {
    Actor parent(path.server, "parent-" + path.name);
    const int listening = listener(parent, path.server_at(0));
    const uint16_t port = local_port(parent, listening);
    Actor worker = parent.fork_child("worker-" + path.name);
    Actor client(path.client, "client-" + path.name);
    ownership.claim("tcp", path.server_address, port, worker.who());
    for (int i = 0; i < 3; i++) {
        worker.begin(
            [](int which) -> int64_t {
                const int fd = accept(which, nullptr, nullptr);
                char chunk[300];
                return fd < 0 || read(fd, chunk, sizeof(chunk)) < 0 ? -1 : fd;
            },
            listening);
        wait_until_in_call(worker.pid(), SYS_accept);
        const int caller = open_socket(client, path.family(), SOCK_STREAM);
        client.call(
            [](int fd, Address to) {
                return connect(fd, reinterpret_cast<sockaddr*>(&to.storage), to.length) == 0
                           ? write(fd, "at once", 7)
                           : -1;
            },
            caller, path.server_at(port));
        ownership.claim("tcp", path.client_address, local_port(client, caller), client.who());
        const auto accepted = static_cast<int>(worker.finish());
        pass(worker, accepted, client, caller, "answer");
        close_in(client, caller);
        hear_end(worker, accepted);
        close_in(worker, accepted);
        settle(path.client);
        settle(path.server);
    }
}

// Four workers wait in accept(2), or accept when told, as event loops do: each connection is the
// worker's that gets it. Until then, it is a sibling's.
void play_prefork(const Path& path, Ownership& ownership, bool waiting) {
    Actor parent(path.server, "parent-" + path.name);
    const int listening = listener(parent, path.server_at(0));
    const uint16_t port = local_port(parent, listening);
    Actor client(path.client, "client-" + path.name);
    std::vector<std::unique_ptr<Actor>> workers;
    std::vector<Who> all = {parent.who()};
    constexpr auto kAccept = [](int which) { return accept(which, nullptr, nullptr); };
    for (int i = 0; i < 4; i++) {
        workers.push_back(std::make_unique<Actor>(parent.fork_child("worker" + std::to_string(i))));
        all.push_back(workers.back()->who());
        if (waiting) {
            workers.back()->begin(kAccept, listening);
            wait_until_in_call(workers.back()->pid(), SYS_accept);
        }
    }
    for (size_t i = 0; i < 8; i++) {
        const int caller = connected_socket(client, path.server_at(port), SOCK_STREAM);
        // Exclusive waits are woken in the order in which they began.
        Actor& worker = *workers[waiting ? i % 4 : i * 3 % 4];
        if (!waiting) {
            worker.begin(kAccept, listening);
        }
        const auto accepted = static_cast<int>(worker.finish());
        ownership.claim_conversation("tcp", path, local_port(client, caller), client.who(), port,
                                     worker.who(), all);
        pass(client, caller, worker, accepted, "question");
        pass(worker, accepted, client, caller, "answer");
        close_in(client, caller);
        hear_end(worker, accepted);
        close_in(worker, accepted);
        settle(path.client);
        settle(path.server);
        if (waiting) {
            worker.begin(kAccept, listening);
            wait_until_in_call(worker.pid(), SYS_accept);
        }
    }
    if (waiting) {
        for (const auto& worker : workers) {
            kill(worker->pid(), SIGKILL);
        }
    }
}

// Answers signed until it takes "quit"; how many.
constexpr auto kServeDatagrams = [](int fd) -> int64_t {
    for (int64_t answered = 0;; answered++) {
        char chunk[300];
        Address peer;
        peer.length = sizeof(peer.storage);
        auto* from = reinterpret_cast<sockaddr*>(&peer.storage);
        const ssize_t count = recvfrom(fd, chunk, sizeof(chunk), 0, from, &peer.length);
        if (count < 0 || strncmp(chunk, "quit", 4) == 0) {
            return count < 0 ? -1 : answered;
        }
        const int length =
            snprintf(chunk, sizeof(chunk), "pid=%d tid=%d answer", getpid(), getpid());
        sendto(fd, chunk, static_cast<size_t>(length), 0, from, peer.length);
    }
};

// Each worker's system calls make the socket its own, while another's datagram is on its way down.
void play_shared_datagrams(const Path& path, Ownership& ownership) {
    constexpr int kQuestions = 1000;
    Actor parent(path.server, "parent-" + path.name);
    const int fd = bound_socket(parent, path.server_at(0), SOCK_DGRAM);
    const uint16_t port = local_port(parent, fd);
    ownership.add_user(parent.who());
    ownership.claim("udp", path.server_address, port, parent.who());
    std::vector<std::unique_ptr<Actor>> workers;
    for (int i = 0; i < 4; i++) {
        workers.push_back(std::make_unique<Actor>(parent.fork_child("worker" + std::to_string(i))));
        ownership.add_user(workers.back()->who());
        ownership.claim("udp", path.server_address, port, workers.back()->who());
        workers.back()->begin(kServeDatagrams, fd);
    }
    Actor client(path.client, "client-" + path.name);
    const int from = connected_socket(client, path.server_at(port), SOCK_DGRAM);
    ownership.claim("udp", path.client_address, local_port(client, from), client.who());
    client.call(
        [](int which, int count, int quits) -> int64_t {
            char chunk[300];
            constexpr int kWindow = 16;
            for (int sent = 0, heard = 0; heard < count; heard++) {
                for (; sent < count && sent - heard < kWindow; sent++) {
                    if (write(which, "question", 8) != 8) {
                        return -1;
                    }
                }
                if (read(which, chunk, sizeof(chunk)) < 0) {
                    return -1;
                }
            }
            for (; quits > 0; quits--) {
                if (write(which, "quit", 4) != 4) {
                    return -1;
                }
            }
            return 0;
        },
        from, kQuestions, 4);
    for (const auto& worker : workers) {
        worker->finish();
    }
}

// TCP sends at once, in the call, without waiting for what the peer has yet to acknowledge.
void send_at_once(Actor& user, int fd) {
    user.call(
        [](int which) {
            const int on = 1;
            return setsockopt(which, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        },
        fd);
}

// `user`, the socket's only one until now, waits in a call that sends what it finds in a pipe. Then
// another one uses the socket, and only then does the pipe get something.
void play_call_before_other(Actor& user, Actor& other, int fd, Actor& peer, int peer_fd) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe");
    }
    const pcapng::Fd from(ends[0]);
    const pcapng::Fd to(ends[1]);
    user.begin([](int out, int in) { return splice(in, nullptr, out, nullptr, 300, 0); }, fd,
               user.give(from.get()));
    wait_until_in_call(user.pid(), SYS_splice);
    pass(other, fd, peer, peer_fd, "in the middle of another's call " + for_user(peer));
    const std::string pid = std::to_string(user.pid());
    const std::string text = "pid=" + pid + " tid=" + pid + " later " + for_user(peer);
    if (write(to.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        user.finish() != static_cast<int64_t>(text.size())) {
        throw std::runtime_error("splice");
    }
    hear(peer, peer_fd);
}

void play_calls_before_others(const Path& path, Ownership& ownership) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        Shared shared(path, type);
        Actor child = shared.first.fork_child("child-" + path.name);
        claim_users(ownership, path, type, shared, {&shared.first, &child});
        if (type == SOCK_STREAM) {
            send_at_once(shared.first, shared.fd);
        }
        use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
        play_call_before_other(shared.first, child, shared.fd, shared.peer, shared.peer_fd);
        use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
        use_by(child, shared.fd, shared.peer, shared.peer_fd);
        // The last one to close hasn't used it last, and doesn't by that.
        use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
        close_in(shared.first, shared.fd);
        close_in(child, shared.fd);
        close_peer(path, type, shared);
    }
}

// What one process has written leaves after another one has used the socket.
void play_queued_data(const Path& path, Ownership& ownership) {
    Shared shared(path, SOCK_STREAM);
    Actor child = shared.first.fork_child("child-" + path.name);
    claim_users(ownership, path, SOCK_STREAM, shared, {&shared.first, &child});
    use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
    use_by(child, shared.fd, shared.peer, shared.peer_fd);
    for (Actor* writer : {&shared.first, &child}) {
        Actor& other = writer == &child ? shared.first : child;
        // The kernel sends it 200 ms later.
        writer->call(
            [](int fd) {
                const int on = 1;
                return setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
            },
            shared.fd);
        say(*writer, shared.fd, "corked " + for_user(shared.peer));
        other.call(
            [](int fd) {
                char byte = 0;
                return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN ? 0 : -1;
            },
            shared.fd);
        hear(shared.peer, shared.peer_fd);
    }
    settle(path.client);
}

// Who binds a datagram socket, or accepts a connection, leaves it to a worker, and sends on it
// later than this.
void play_return_of_opener(const Path& path, Ownership& ownership) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        Actor opener(path.server, "opener-" + path.name);
        Actor client(path.client, "client-" + path.name);
        const bool datagram = type == SOCK_DGRAM;
        const int bound = datagram ? bound_socket(opener, path.server_at(0), type)
                                   : listener(opener, path.server_at(0));
        const uint16_t port = local_port(opener, bound);
        const int caller = connected_socket(client, path.server_at(port), type);
        const uint16_t caller_port = local_port(client, caller);
        const int fd = datagram ? bound : accept_from(opener, bound);
        Actor worker = opener.fork_child("worker-" + path.name);
        for (const Actor* user : {&opener, &worker}) {
            ownership.add_user(user->who());
            ownership.claim(protocol_name(type), path.server_address, port, user->who());
        }
        ownership.add_user(client.who());
        ownership.claim(protocol_name(type), path.client_address, caller_port, client.who());
        if (datagram) {
            connect_to(worker, fd, path.client_at(caller_port));
        } else {
            send_at_once(worker, fd);
        }
        for (int i = 0; i < 10; i++) {
            use_by(worker, fd, client, caller);
        }
        play_call_before_other(worker, opener, fd, client, caller);
        use_by(worker, fd, client, caller);
        use_by(opener, fd, client, caller);
        close_in(opener, fd);
        use_by(worker, fd, client, caller);
        close_in(worker, fd);
        close_in(client, caller);
        settle(path.client);
        settle(path.server);
    }
}

// Threads of one process, of which some send on a socket and another one receives on it.
void play_threads(const Path& path, Ownership& ownership) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        Shared shared(path, type);
        claim_users(ownership, path, type, shared, {&shared.first});
        ownership.add_threads(shared.first.who());
        if (type == SOCK_STREAM) {
            send_at_once(shared.first, shared.fd);
        }
        for (int i = 0; i < 10; i++) {
            say_in_thread(shared.first, shared.fd, "by a thread " + for_user(shared.peer));
            hear(shared.peer, shared.peer_fd);
            pass(shared.peer, shared.peer_fd, shared.first, shared.fd,
                 "answer " + for_user(shared.first));
            use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
        }
        // Another process, in the middle of a thread's call.
        Actor child = shared.first.fork_child("child-" + path.name);
        claim_users(ownership, path, type, shared, {&child});
        play_call_before_other(shared.first, child, shared.fd, shared.peer, shared.peer_fd);
        use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
        close_in(child, shared.fd);
        close_in(shared.first, shared.fd);
        close_peer(path, type, shared);
    }
}

// The kernel spreads what comes in over the CPUs (RPS): a worker's datagram arrives while the CPU
// is in the middle of another worker's call.
Play prepare_spread_datagrams(Stage& stage) {
    const auto world = std::make_shared<test::Pair>();
    for (const Netns* side : {&world->near, &world->far}) {
        const test::InNetns there(*side);
        const test::OwnMounts mounts;
        mounts.empty("/sys", "sysfs");
        const std::string file = "/sys/class/net/veth0/queues/rx-0/rps_cpus";
        if (!(std::ofstream(file) << "3" << std::flush)) {
            throw Skip("can't write " + file);
        }
    }
    stage.capture({"spread-near", world->near, {"veth0"}});
    stage.capture({"spread-far", world->far, {"veth0"}});
    return [world](Ownership& ownership) {
        for (const Path& path : world->paths()) {
            if (!path.loopback) {
                play_shared_datagrams(path, ownership);
            }
        }
    };
}

// A datagram whose next hop has to be asked for first, while others are at the socket.
void play_waiting_datagram(const Path& path, Ownership& ownership) {
    if (path.loopback) {
        return;
    }
    Shared shared(path, SOCK_DGRAM);
    std::vector<std::unique_ptr<Actor>> others;
    std::vector<const Actor*> users = {&shared.first};
    for (int i = 0; i < 2; i++) {
        others.push_back(
            std::make_unique<Actor>(shared.first.fork_child("other" + std::to_string(i))));
        users.push_back(others.back().get());
    }
    claim_users(ownership, path, SOCK_DGRAM, shared, users);
    use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
    const std::string address = path.server_address + (path.is_ipv6() ? "/64" : "/24");
    // Ask again soon, and often enough for a slow machine.
    path.client.ip(std::string("ntable change name ") + (path.is_ipv6() ? "ndisc" : "arp") +
                   "_cache dev veth0 retrans 100 mcast_probes 100");
    const std::string nodad = path.is_ipv6() ? " nodad" : "";
    for (int i = 0; i < 3; i++) {
        path.server.ip("address del " + address + " dev veth0");
        path.client.ip("neigh flush dev veth0");
        for (const auto& other : others) {
            other->begin(
                [](int which) {
                    const auto until =
                        std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
                    char byte = 0;
                    while (std::chrono::steady_clock::now() < until) {
                        recv(which, &byte, 1, MSG_DONTWAIT);
                    }
                    return 0;
                },
                shared.fd);
        }
        say(shared.first, shared.fd, "waits for its neighbour " + for_user(shared.peer));
        path.server.ip("address add " + address + " dev veth0" + nodad);
        hear(shared.peer, shared.peer_fd);
        for (const auto& other : others) {
            other->finish();
        }
    }
}

// The same process under another name, from its next packet on.
void play_exec(const Stage& stage, Ownership& ownership) {
    const auto users = std::make_shared<std::map<uint32_t, std::pair<Who, Who>>>();
    for (const Path& path : stage.paths()) {
        for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
            Shared shared(path, type);
            const Who before = shared.first.who();
            Who after = before;
            after.comm = "traffic_program";
            after.exe = TRAFFIC_PROGRAM;
            (*users)[before.pid] = {before, after};
            ownership.claim(protocol_name(type), path.server_address, shared.peer_port,
                            shared.peer.who());
            ownership.claim(protocol_name(type), path.client_address, shared.port, before);
            ownership.claim(protocol_name(type), path.client_address, shared.port, after);
            pass(shared.first, shared.fd, shared.peer, shared.peer_fd, "before");
            shared.first.begin(
                [](int which) {
                    const std::string fd = std::to_string(which);
                    return execl(TRAFFIC_PROGRAM, "traffic_program", "use", fd.c_str(), "after",
                                 static_cast<char*>(nullptr));
                },
                shared.fd);
            if (shared.first.finish() != Actor::kGone) {
                throw std::runtime_error("exec of " TRAFFIC_PROGRAM " failed");
            }
            hear(shared.peer, shared.peer_fd);
            if (type == SOCK_STREAM) {
                hear_end(shared.peer, shared.peer_fd);
                close_in(shared.peer, shared.peer_fd);
                settle(path.server);
            }
        }
    }
    ownership.set_rule([users, &ownership](const Packet& packet) -> std::optional<Ends> {
        auto ends = ownership.by_claims(packet);
        const auto signer = signature(packet);
        if (ends && signer) {
            const auto& [before, after] = users->at(signer->pid);
            ends->sender = {packet.payload.ends_with(" after") ? after : before};
        }
        return ends;
    });
}

// A child that shares its parent's memory until it is another program.
void play_vfork_exec(const Path& path, Ownership& ownership) {
    Shared shared(path, SOCK_DGRAM);
    claim_users(ownership, path, SOCK_DGRAM, shared, {&shared.first});
    for (int i = 0; i < 5; i++) {
        const int64_t child = shared.first.call(
            [](int which, int number) -> int64_t {
                const std::string fd = std::to_string(which);
                const std::string note = "child " + std::to_string(number);
                const pid_t pid = vfork();
                if (pid == 0) {
                    execl(TRAFFIC_PROGRAM, "traffic_program", "use", fd.c_str(), note.c_str(),
                          static_cast<char*>(nullptr));
                    _exit(1);
                }
                while (waitpid(pid, nullptr, 0) > 0) {
                }
                return pid;
            },
            shared.fd, i);
        Who who = shared.first.who();
        who.pid = static_cast<uint32_t>(child);
        who.comm = "traffic_program";
        who.exe = TRAFFIC_PROGRAM;
        who.start_ns = 0;  // it has gone already
        ownership.add_user(who);
        ownership.claim("udp", path.client_address, shared.port, who);
        hear(shared.peer, shared.peer_fd);
        use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
    }
}

void play_uid(const Path& path, Ownership& ownership) {
    Shared shared(path, SOCK_DGRAM);
    ownership.claim("udp", path.server_address, shared.peer_port, shared.peer.who());
    Who who = shared.first.who();
    const auto send_as = [&](uint32_t uid) {
        who.uid = uid;
        // A connection of its own for each, so that the claim is exact.
        const int fd = connected_socket(shared.first, path.server_at(shared.peer_port), SOCK_DGRAM);
        ownership.claim("udp", path.client_address, local_port(shared.first, fd), who);
        connect_to(shared.peer, shared.peer_fd, path.client_at(local_port(shared.first, fd)));
        pass(shared.first, fd, shared.peer, shared.peer_fd, "as this user");
    };
    send_as(0);
    shared.first.call([] { return seteuid(12345); });
    send_as(12345);
    shared.first.call([] { return seteuid(0); });
    send_as(0);
    shared.first.call([] { return setuid(23456); });
    send_as(23456);
}

}  // namespace

void add_handover(Scenarios& all) {
    all.push_back(on_each_path("fork-inherits", 151, play_inherited));
    all.push_back(on_each_path("tcp-full-flow", 600, play_full_flow));
    all.push_back(on_each_path("call-before-other", 100, play_calls_before_others));
    all.push_back(on_each_path("queued-data", 50, play_queued_data));
    all.push_back(on_each_path("opener-returns", 150, play_return_of_opener));
    all.push_back(on_each_path("threads", 200, play_threads));
    all.push_back({"fork-inherited-before", 48, prepare_inherited_before});
    all.push_back(on_each_path("scm-rights", 108, play_scm_rights));
    all.push_back(on_each_path("socket-activation", 60, play_socket_activation));
    all.push_back(on_each_path("socket-activation-first", 50, play_first_activation));
    all.push_back(on_each_path("accept-thread-fork", 162, play_accept));
    all.push_back(on_each_path("prefork-one-worker", 150, play_prefork_one));
    all.push_back(on_each_path("prefork-waiting", 400, [](const Path& path, Ownership& ownership) {
        play_prefork(path, ownership, true);
    }));
    all.push_back(on_each_path(
        "prefork-event-loop", 400,
        [](const Path& path, Ownership& ownership) { play_prefork(path, ownership, false); }));
    all.push_back(on_each_path("shared-datagram-socket", 10821, play_shared_datagrams));
    all.push_back({"shared-datagram-socket-spread", 7214, prepare_spread_datagrams});
    all.push_back(on_each_path("datagram-waits", 18, play_waiting_datagram));
    all.push_back(from_scratch("connect-then-exec", 64, play_exec));
    all.push_back(on_each_path("vfork-exec", 81, play_vfork_exec));
    all.push_back(on_each_path("change-of-user", 21, play_uid));
}

}  // namespace bench
