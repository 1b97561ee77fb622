// SPDX-License-Identifier: GPL-2.0-only
//
// A socket's owner is the process that used it last, from the first packet that its use causes.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <thread>

#include "tests/kernel/world.h"

namespace test {
namespace {

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

// `user` sends, which makes the socket its own; what comes back is then for it.
void use_by(Actor& user, int fd, Actor& peer, int peer_fd) {
    pass(user, fd, peer, peer_fd, "from its user " + for_user(peer));
    pass(peer, peer_fd, user, fd, "to its user " + for_user(user));
}

// Until a process waits in accept(2).
void wait_until_accepting(pid_t pid) {
    const std::string accept_call = std::to_string(SYS_accept) + " ";
    for (int tries = 0; tries < 10000; tries++) {
        std::ifstream file("/proc/" + std::to_string(pid) + "/syscall");
        std::string call;
        std::getline(file, call);
        if (call.starts_with(accept_call)) {
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    FAIL("process " << pid << " doesn't wait in accept");
}

TEST_CASE("an inherited socket is the child's from its first packet, and the parent's again") {
    World world;
    world.start();
    Ownership ownership;
    for (const Path& path : world.paths()) {
        for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
            Shared shared(path, type);
            Actor child = shared.first.fork_child("child-" + path.name);
            for (Actor* user : {&shared.first, &child}) {
                ownership.add_user(user->who());
                ownership.claim(protocol_name(type), path.client_address, shared.port, user->who());
            }
            ownership.add_user(shared.peer.who());
            ownership.claim(protocol_name(type), path.server_address, shared.peer_port,
                            shared.peer.who());
            use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
            use_by(child, shared.fd, shared.peer, shared.peer_fd);
            use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
            use_by(child, shared.fd, shared.peer, shared.peer_fd);
            close_in(shared.first, shared.fd);
            use_by(child, shared.fd, shared.peer, shared.peer_fd);
            close_in(child, shared.fd);
            if (type == SOCK_STREAM) {
                hear_end(shared.peer, shared.peer_fd);
                close_in(shared.peer, shared.peer_fd);
                settle(path.client);
            }
        }
    }
    world.stop();
    ownership.check(world);
}

TEST_CASE("a socket passed by SCM_RIGHTS is its new user's, also of a process without ties") {
    World world;
    world.start();
    Ownership ownership;
    for (const Path& path : world.paths()) {
        for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
            Shared shared(path, type);
            Actor stranger(world.far(), "stranger");  // in whatever namespace
            int passed = -1;
            {
                const pcapng::Fd copy = shared.first.take(shared.fd);
                passed = stranger.give(copy.get());
            }
            for (Actor* user : {&shared.first, &stranger}) {
                ownership.add_user(user->who());
                ownership.claim(protocol_name(type), path.client_address, shared.port, user->who());
            }
            ownership.add_user(shared.peer.who());
            ownership.claim(protocol_name(type), path.server_address, shared.peer_port,
                            shared.peer.who());
            use_by(shared.first, shared.fd, shared.peer, shared.peer_fd);
            use_by(stranger, passed, shared.peer, shared.peer_fd);
            close_in(shared.first, shared.fd);
            use_by(stranger, passed, shared.peer, shared.peer_fd);
        }
    }
    world.stop();
    ownership.check(world);
}

TEST_CASE("every system call that sends makes the socket its caller's") {
    World world;
    world.start();
    Ownership ownership;
    const Path path = world.paths()[0];
    Shared shared(path, SOCK_DGRAM);
    ownership.add_user(shared.peer.who());
    ownership.add_user(shared.first.who());
    const Who peer = shared.peer.who();
    std::map<std::string, Who> senders;
    const auto by_new_child = [&](const std::string& name, auto function) {
        INFO(name);
        Actor child = shared.first.fork_child(name);
        senders[name] = child.who();
        child.call(function, shared.fd, Text("by " + name));
        hear(shared.peer, shared.peer_fd);
        // The parent's once more, so that the next child finds it so.
        pass(shared.first, shared.fd, shared.peer, shared.peer_fd, "by the parent");
    };
    by_new_child("write",
                 [](int fd, Text text) { return write(fd, text.c_str(), strlen(text.c_str())); });
    by_new_child("send",
                 [](int fd, Text text) { return send(fd, text.c_str(), strlen(text.c_str()), 0); });
    by_new_child("writev", [](int fd, Text text) {
        const iovec part{text.bytes.data(), strlen(text.c_str())};
        return writev(fd, &part, 1);
    });
    by_new_child("pwritev2", [](int fd, Text text) {
        const iovec part{text.bytes.data(), strlen(text.c_str())};
        return pwritev2(fd, &part, 1, -1, 0);
    });
    by_new_child("sendmsg", [](int fd, Text text) {
        iovec part{text.bytes.data(), strlen(text.c_str())};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        return sendmsg(fd, &message, 0);
    });
    by_new_child("sendmmsg", [](int fd, Text text) {
        iovec part{text.bytes.data(), strlen(text.c_str())};
        mmsghdr message{};
        message.msg_hdr.msg_iov = &part;
        message.msg_hdr.msg_iovlen = 1;
        return sendmmsg(fd, &message, 1, 0);
    });
    by_new_child("splice", [](int fd, Text text) {
        int ends[2];
        const size_t length = strlen(text.c_str());
        if (pipe(ends) != 0 || write(ends[1], text.c_str(), length) < 0) {
            return ssize_t{-1};
        }
        return splice(ends[0], nullptr, fd, nullptr, length, 0);
    });
    by_new_child("sendfile", [](int fd, Text text) {
        const int file = memfd_create("data", 0);
        const size_t length = strlen(text.c_str());
        if (write(file, text.c_str(), length) < 0) {
            return ssize_t{-1};
        }
        off_t from = 0;
        return sendfile(fd, file, &from, length);
    });
    world.stop();
    ownership.claim("udp", path.client_address, shared.port, shared.first.who());
    ownership.claim("udp", path.server_address, shared.peer_port, peer);
    size_t found = 0;
    ownership.set_rule([&](const Packet& packet) -> std::optional<Ends> {
        if (packet.payload.starts_with("by ")) {
            found++;
            return Ends{{senders.at(packet.payload.substr(3))}, {peer}};
        }
        return std::nullopt;
    });
    ownership.check(world.near_packets());
    CHECK(found == senders.size());
}

TEST_CASE("an accepted connection is the process's that handles it: parent, thread, worker") {
    World world;
    world.start();
    Ownership ownership;
    for (const Path& path : world.paths()) {
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
            server.call_in_thread(
                tid,
                [](int which, Text text) {
                    char chunk[300];
                    const int length = snprintf(chunk, sizeof(chunk), "pid=%d tid=%ld %s", getpid(),
                                                syscall(SYS_gettid), text.c_str());
                    return write(which, chunk, static_cast<size_t>(length));
                },
                accepted, Text("by a thread " + for_user(client)));
            hear(client, caller);
            CHECK(tid != static_cast<uint32_t>(server.pid()));
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
    world.stop();
    ownership.check(world);
}

// The client speaks first, at once, so that its data is there before the worker has used the new
// socket: the worker whose accept(2) waits is the only one that can be named.
TEST_CASE("a preforked worker that waits in accept owns the connection from its first data") {
    World world;
    world.start();
    Ownership ownership;
    for (const Path& path : world.paths()) {
        Actor parent(path.server, "parent-" + path.name);
        const int listening = listener(parent, path.server_at(0));
        const uint16_t port = local_port(parent, listening);
        Actor worker = parent.fork_child("worker-" + path.name);
        Actor client(path.client, "client-" + path.name);
        ownership.add_user(worker.who());
        ownership.add_user(client.who());
        // No claim of the parent's: it never uses the listener again.
        ownership.claim("tcp", path.server_address, port, worker.who());
        const auto serve = [](int which) -> int64_t {
            const int fd = accept(which, nullptr, nullptr);
            char chunk[300];
            return fd < 0 || read(fd, chunk, sizeof(chunk)) < 0 ? -1 : fd;
        };
        for (int i = 0; i < 3; i++) {
            worker.begin(serve, listening);
            wait_until_accepting(worker.pid());
            const int caller = open_socket(client, path.server_at(port).family(), SOCK_STREAM);
            client.call(
                [](int fd, Address to, Text text) {
                    if (connect(fd, reinterpret_cast<sockaddr*>(&to.storage), to.length) != 0) {
                        return ssize_t{-1};
                    }
                    return write(fd, text.c_str(), strlen(text.c_str()));
                },
                caller, path.server_at(port), Text("at once " + for_user(worker)));
            ownership.claim("tcp", path.client_address, local_port(client, caller), client.who());
            const int64_t accepted = worker.finish();
            REQUIRE(accepted >= 0);
            use_by(worker, static_cast<int>(accepted), client, caller);
            close_in(client, caller);
            hear_end(worker, static_cast<int>(accepted));
            close_in(worker, static_cast<int>(accepted));
            settle(path.client);
            settle(path.server);
        }
    }
    world.stop();
    ownership.check(world);
}

// As event loops do: accept, then wait until there is something to read.
TEST_CASE("a connection is the accepting process's before it has read or written") {
    World world;
    world.start();
    Ownership ownership;
    for (const Path& path : world.paths()) {
        Actor parent(path.server, "parent-" + path.name);
        const int listening = listener(parent, path.server_at(0));
        const uint16_t port = local_port(parent, listening);
        Actor one = parent.fork_child("one-" + path.name);
        Actor other = parent.fork_child("other-" + path.name);
        Actor client(path.client, "client-" + path.name);
        for (Actor* actor : {&parent, &one, &other}) {
            ownership.add_user(actor->who());
            // Before it is accepted, a connection is its listener's last user's.
            ownership.claim("tcp", path.server_address, port, actor->who());
        }
        for (Actor* worker : {&one, &other, &one}) {
            const int caller = connected_socket(client, path.server_at(port), SOCK_STREAM);
            ownership.claim("tcp", path.client_address, local_port(client, caller), client.who());
            const int accepted = accept_from(*worker, listening);
            say(client, caller, for_user(*worker));
            hear(*worker, accepted);
            close_in(client, caller);
            hear_end(*worker, accepted);
            close_in(*worker, accepted);
        }
        settle(path.client);
        settle(path.server);
    }
    world.stop();
    ownership.check(world);
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
TEST_CASE("workers that use one socket at the same time each own what they send") {
    World world;
    world.start();
    Ownership ownership;
    constexpr int kQuestions = 2000;
    for (const Path& path : world.paths()) {
        Actor parent(path.server, "parent-" + path.name);
        const int fd = bound_socket(parent, path.server_at(0), SOCK_DGRAM);
        const uint16_t port = local_port(parent, fd);
        ownership.add_user(parent.who());
        ownership.claim("udp", path.server_address, port, parent.who());
        std::vector<std::unique_ptr<Actor>> workers;
        for (int i = 0; i < 4; i++) {
            workers.push_back(
                std::make_unique<Actor>(parent.fork_child("worker" + std::to_string(i))));
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
                for (int sent = 0, heard = 0; heard < count;) {
                    for (; sent < count && sent - heard < kWindow; sent++) {
                        if (write(which, "question", 8) != 8) {
                            return -1;
                        }
                    }
                    if (read(which, chunk, sizeof(chunk)) < 0) {
                        return -1;
                    }
                    heard++;
                }
                for (; quits > 0; quits--) {
                    if (write(which, "quit", 4) != 4) {
                        return -1;
                    }
                }
                return 0;
            },
            from, kQuestions, 4);
        int64_t answered = 0;
        for (const auto& worker : workers) {
            answered += worker->finish();
        }
        CHECK(answered == kQuestions);
    }
    world.stop();
    ownership.check(world);
    CHECK(select(world.near_packets(), [](const Packet& packet) {
              return packet.payload.ends_with(" answer");
          }).size() == 4 * kQuestions);
}

TEST_CASE("after exec the same process has a new comm and exe, from its next packet on") {
    World world;
    world.start();
    Ownership ownership;
    std::map<uint32_t, std::pair<Who, Who>> users;  // before and after, by PID
    for (const Path& path : world.paths()) {
        for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
            Shared shared(path, type);
            ownership.claim(protocol_name(type), path.server_address, shared.peer_port,
                            shared.peer.who());
            const Who before = shared.first.who();
            Who after = before;
            after.comm = "traffic_program";
            after.exe = TRAFFIC_PROGRAM;
            users[before.pid] = {before, after};
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
            REQUIRE(shared.first.finish() == Actor::kGone);
            hear(shared.peer, shared.peer_fd);
            if (type == SOCK_STREAM) {
                hear_end(shared.peer, shared.peer_fd);
                close_in(shared.peer, shared.peer_fd);
                settle(path.server);
            }
        }
    }
    world.stop();
    size_t seen = 0;
    ownership.set_rule([&](const Packet& packet) -> std::optional<Ends> {
        auto ends = ownership.by_claims(packet);
        uint32_t pid = 0;
        if (ends && std::sscanf(packet.payload.c_str(), "pid=%u", &pid) == 1) {
            const auto& [before, after] = users.at(pid);
            const bool is_after = packet.payload.ends_with(" after");
            ends->sender = {is_after ? after : before};
            seen += is_after ? 1 : 0;
        }
        return ends;
    });
    ownership.check(world);
    CHECK(seen == 12);
}

TEST_CASE("the uid is the one at the time of use, real or effective") {
    World world;
    world.start();
    Ownership ownership;
    for (const Path& path : world.paths()) {
        Shared shared(path, SOCK_DGRAM);
        ownership.claim("udp", path.server_address, shared.peer_port, shared.peer.who());
        pass(shared.first, shared.fd, shared.peer, shared.peer_fd, "uid=0");
        shared.first.call([] { return seteuid(12345); });
        pass(shared.first, shared.fd, shared.peer, shared.peer_fd, "uid=12345");
        shared.first.call([] { return seteuid(0); });
        pass(shared.first, shared.fd, shared.peer, shared.peer_fd, "uid=0");
        shared.first.call([] { return setuid(23456); });
        pass(shared.first, shared.fd, shared.peer, shared.peer_fd, "uid=23456");
        ownership.claim("udp", path.client_address, shared.port, shared.first.who());
    }
    world.stop();
    ownership.set_rule([&](const Packet& packet) -> std::optional<Ends> {
        auto ends = ownership.by_claims(packet);
        const size_t note = packet.payload.find("uid=");
        if (ends && note != std::string::npos) {
            ends->sender.front().uid =
                static_cast<uint32_t>(std::strtoul(packet.payload.c_str() + note + 4, nullptr, 10));
        }
        return ends;
    });
    ownership.check(world);
}

}  // namespace
}  // namespace test
