// SPDX-License-Identifier: GPL-2.0-only
//
// Processes that come and go: lives of a millisecond, PIDs and ports used again, names of all
// kinds.
#include <linux/sched.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tests/kernel/world.h"

namespace test {
namespace {

// Everything a packet says of its sender, checked against what the sender wrote into it.
struct Said {
    uint32_t pid = 0;
    std::string note;
};

std::optional<Said> said_in(const Packet& packet) {
    Said said;
    char note[128] = "";
    if (std::sscanf(packet.payload.c_str(), "pid=%u tid=%*u %127[^\n]", &said.pid, note) != 2) {
        return std::nullopt;
    }
    said.note = note;
    return said;
}

// A process of the traffic program whose start and user are whatever they are.
void check_program(const Packet& packet, const NamedProcess& sender, uint32_t pid) {
    INFO(describe(packet));
    CHECK(sender.pid == pid);
    CHECK(sender.tid == pid);
    CHECK(sender.comm == "traffic_program");
    CHECK(sender.exe == TRAFFIC_PROGRAM);
    CHECK(sender.uid == 0);
}

NamedProcess sender_of(const Packet& packet) {
    const bool receiver_first = packet.interface != "lo" && !packet.outbound;
    const auto sender = receiver_first ? packet.peer() : packet.self();
    INFO(describe(packet));
    REQUIRE(sender);
    return *sender;
}

TEST_CASE("of 200 processes that live for a millisecond each has comm, exe and command line") {
    World world;
    world.start();
    constexpr int kCount = 200;
    for (const Path& path : world.paths()) {
        Actor spawner(path.client, "spawner");
        Actor sink(path.server, "sink");
        const int to = bound_socket(sink, path.server_at(0), SOCK_DGRAM);
        const int64_t ended = spawner.call(
            [](Text address, uint16_t port, int count) -> int64_t {
                const std::string port_text = std::to_string(port);
                for (int i = 0; i < count; i++) {
                    const std::string note = "burst " + std::to_string(i);
                    const char* argv[] = {"traffic_program", "send",       address.c_str(),
                                          port_text.c_str(), note.c_str(), nullptr};
                    pid_t pid = 0;
                    if (posix_spawn(&pid, TRAFFIC_PROGRAM, nullptr, nullptr,
                                    const_cast<char**>(argv), nullptr) != 0) {
                        return -1;
                    }
                }
                while (waitpid(-1, nullptr, 0) > 0) {
                }
                return count;
            },
            Text(path.server_address), local_port(sink, to), kCount);
        CHECK(ended == kCount);
        hear_many(sink, to, kCount);
    }
    world.stop();
    for (const auto* packets : {&world.near_packets(), &world.far_packets()}) {
        std::set<std::string> seen;
        for (const Packet& packet : *packets) {
            const auto said = said_in(packet);
            if (!said) {
                CHECK(!packet.self());
                continue;
            }
            const NamedProcess sender = sender_of(packet);
            check_program(packet, sender, said->pid);
            // Each is new, so that each packet introduces its process.
            const std::string prefix = sender.pid == packet.self()->pid ? "" : "peer.";
            CHECK(packet.comment.at(prefix + "pcomm") == "spawner");
            CHECK(packet.comment.at(prefix + "cmdline") ==
                  "traffic_program send " + packet.destination + " " +
                      std::to_string(packet.destination_port) + " " + said->note);
            seen.insert(packet.destination + said->note);
        }
        CHECK(seen.size() == kCount * (packets == &world.near_packets() ? 4U : 2U));
    }
}

TEST_CASE("short-lived children that don't exec have their own PID, and their parent's program") {
    World world;
    world.start();
    constexpr int kCount = 100;
    std::map<std::string, Who> parents;
    for (const Path& path : world.paths()) {
        Actor parent(path.client, "parent-" + path.name);
        Actor sink(path.server, "sink");
        const int to = bound_socket(sink, path.server_at(0), SOCK_DGRAM);
        // Every other one uses the parent's socket.
        const int shared =
            connected_socket(parent, path.server_at(local_port(sink, to)), SOCK_DGRAM);
        parents[path.server_address] = parent.who();
        // So that no datagram has to wait for its neighbour, while others use the socket.
        pass(parent, shared, sink, to, "first");
        parent.call(
            [](int inherited, Address peer, int count) -> int64_t {
                for (int i = 0; i < count; i++) {
                    if (fork() == 0) {
                        int fd = inherited;
                        if (i % 2 == 0) {
                            fd = socket(peer.family(), SOCK_DGRAM, 0);
                            if (connect(fd, reinterpret_cast<sockaddr*>(&peer.storage),
                                        peer.length) != 0) {
                                _exit(1);
                            }
                        }
                        char text[64];
                        const int length =
                            snprintf(text, sizeof(text), "pid=%d tid=%d child", getpid(), getpid());
                        _exit(write(fd, text, static_cast<size_t>(length)) == length ? 0 : 1);
                    }
                }
                while (waitpid(-1, nullptr, 0) > 0) {
                }
                return 0;
            },
            shared, path.server_at(local_port(sink, to)), kCount);
        hear_many(sink, to, kCount);
    }
    world.stop();
    for (const auto* packets : {&world.near_packets(), &world.far_packets()}) {
        size_t seen = 0;
        for (const Packet& packet : *packets) {
            const auto said = said_in(packet);
            if (!said) {
                CHECK(!packet.self());
                continue;
            }
            const NamedProcess sender = sender_of(packet);
            Who child = parents.at(packet.destination);
            INFO(describe(packet));
            CHECK((said->pid != child.pid || said->note == "first"));
            child.pid = said->pid;
            child.start_ns = sender.start_ns;
            CHECK(difference(sender, child).empty());
            CHECK(sender.tid == said->pid);
            seen += said->note == "child" ? 1 : 0;
        }
        CHECK(seen == kCount * (packets == &world.near_packets() ? 4U : 2U));
    }
}

TEST_CASE("a PID that is used again is another process, with a start of its own") {
    World world;
    world.start();
    Ownership ownership;
    const Path path = world.paths()[0];
    Actor server(path.server, "server");
    const int to = bound_socket(server, path.server_at(0), SOCK_DGRAM);
    const Address target = path.server_at(local_port(server, to));
    ownership.claim("udp", path.server_address, local_port(server, to), server.who());
    std::map<std::string, Who> generations;
    pid_t pid = 0;
    Actor breeder(path.client, "breeder");
    for (int i = 0; i < 5; i++) {
        const std::string name = "generation" + std::to_string(i);
        // A child with a chosen PID; it sends, and waits until it has been looked at.
        const int64_t bred = breeder.call(
            [](pid_t wanted, Address peer, Text comm) -> int64_t {
                clone_args arguments{};
                arguments.exit_signal = SIGCHLD;
                if (wanted != 0) {
                    arguments.set_tid = reinterpret_cast<uint64_t>(&wanted);
                    arguments.set_tid_size = 1;
                }
                int ready[2];
                if (pipe(ready) != 0) {
                    return -1;
                }
                pid_t child = -1;
                // The one before may not have given its PID back yet, or somebody else has it.
                for (int tries = 0; tries < 3000; tries++) {
                    child = static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof(arguments)));
                    if (child >= 0 || errno != EEXIST) {
                        break;
                    }
                    usleep(10'000);
                }
                if (child != 0) {
                    char byte = 0;
                    close(ready[1]);
                    const ssize_t count = child > 0 ? read(ready[0], &byte, 1) : -1;
                    close(ready[0]);
                    return count == 1 ? child : -1;
                }
                prctl(PR_SET_NAME, comm.c_str());
                const int fd = socket(peer.family(), SOCK_DGRAM, 0);
                char text[96];
                const int length = snprintf(text, sizeof(text), "pid=%ld tid=%ld %s",
                                            syscall(SYS_getpid), syscall(SYS_gettid), comm.c_str());
                const bool sent =
                    sendto(fd, text, static_cast<size_t>(length), 0,
                           reinterpret_cast<sockaddr*>(&peer.storage), peer.length) == length;
                if (sent && write(ready[1], "", 1) == 1) {
                    pause();
                }
                _exit(0);
            },
            pid, target, Text(name));
        REQUIRE((pid == 0 || bred == pid));
        pid = static_cast<pid_t>(bred);
        hear(server, to);
        generations[name] = who_is(pid);
        // SA_NOCLDWAIT: nobody has to reap it; gone when /proc has no such process.
        breeder.call(
            [](pid_t child) -> int64_t {
                if (kill(child, SIGKILL) != 0) {
                    return -1;
                }
                while (waitpid(-1, nullptr, 0) > 0) {
                }
                // More than a clock tick, in which starts can't be told apart.
                usleep(20'000);
                return 0;
            },
            pid);
    }
    world.stop();
    std::set<uint64_t> starts;
    size_t seen = 0;
    for (const Packet& packet : world.near_packets()) {
        const auto said = said_in(packet);
        INFO(describe(packet));
        if (!said) {
            CHECK(packet.via() == "kernel");
            continue;
        }
        const NamedProcess sender = sender_of(packet);
        CHECK(difference(sender, generations.at(said->note)).empty());
        CHECK(sender.pid == static_cast<uint32_t>(pid));
        starts.insert(sender.start_ns);
        seen++;
    }
    CHECK(seen == 5);
    CHECK(starts.size() == 5);
}

TEST_CASE("one source port, used by ten processes in turn against the same server") {
    World world;
    world.start();
    Ownership ownership;
    std::map<std::string, std::vector<Who>> users;  // by the client's address
    std::map<std::string, uint16_t> ports;
    std::map<std::string, Who> servers;
    for (const Path& path : world.paths()) {
        Actor server(path.server, "server-" + path.name);
        const int listening = listener(server, path.server_at(0));
        const uint16_t port = local_port(server, listening);
        const int datagrams = bound_socket(server, path.server_at(port), SOCK_DGRAM);
        servers[path.server_address] = server.who();
        uint16_t client_port = 0;
        for (int i = 0; i < 10; i++) {
            Actor client(path.client, "user" + std::to_string(i) + "-" + path.name);
            users[path.client_address].push_back(client.who());
            ownership.add_user(client.who());
            const int stream = bound_socket(client, path.client_at(client_port), SOCK_STREAM);
            client_port = local_port(client, stream);
            connect_to(client, stream, path.server_at(port));
            const int accepted = accept_from(server, listening);
            pass(client, stream, server, accepted, "question");
            pass(server, accepted, client, stream, "answer " + for_user(client));
            // The server closes first: TIME_WAIT is at its end, so that the port is free here.
            close_in(server, accepted);
            hear_end(client, stream);
            const int datagram = bound_socket(client, path.client_at(client_port), SOCK_DGRAM);
            connect_to(client, datagram, path.server_at(port));
            say(client, datagram, "datagram");
            hear_and_answer(server, datagrams, "answer " + for_user(client));
            hear(client, datagram);
            client.exit();  // closes both
            settle(path.client);
        }
        ports[path.client_address] = client_port;
    }
    world.stop();
    // A connection begins with its SYN, and each is another user's.
    for (const auto* packets : {&world.near_packets(), &world.far_packets()}) {
        std::map<std::string, size_t> turn;
        ownership.set_rule([&](const Packet& packet) -> std::optional<Ends> {
            const bool from_client =
                ports.contains(packet.source) && ports.at(packet.source) == packet.source_port;
            const std::string& client = from_client ? packet.source : packet.destination;
            if (!users.contains(client) || packet.source_port == 0) {
                return std::nullopt;
            }
            if ((packet.tcp_flags & (kSyn | kAck)) == kSyn) {
                turn[client]++;
            }
            const Who& user = users.at(client).at(turn[client] - 1);
            const Who& server = servers.at(from_client ? packet.destination : packet.source);
            return from_client ? Ends{{user}, {server}} : Ends{{server}, {user}};
        });
        ownership.check(*packets);
        CHECK(turn.size() == (packets == &world.near_packets() ? 4U : 2U));
        for (const auto& [client, turns] : turn) {
            CHECK(turns == 10);
        }
    }
}

TEST_CASE("a chain of execs: one process, each packet with the arguments of its moment") {
    World world;
    world.start({"--comments", "full"});
    for (const Path& path : world.paths()) {
        Actor starter(path.client, "starter");
        Actor sink(path.server, "sink");
        const int to = bound_socket(sink, path.server_at(0), SOCK_DGRAM);
        // So that no datagram has to wait for its neighbour, until after the next exec.
        const int fd = connected_socket(starter, path.server_at(local_port(sink, to)), SOCK_DGRAM);
        pass(starter, fd, sink, to, "first");
        starter.call(
            [](Text address, uint16_t port) -> int64_t {
                if (fork() == 0) {
                    execl(TRAFFIC_PROGRAM, "traffic_program", "chain", "8", address.c_str(),
                          std::to_string(port).c_str(), static_cast<char*>(nullptr));
                    _exit(1);
                }
                while (waitpid(-1, nullptr, 0) > 0) {
                }
                return 0;
            },
            Text(path.server_address), local_port(sink, to));
        hear_many(sink, to, 8);
    }
    world.stop();
    for (const auto* packets : {&world.near_packets(), &world.far_packets()}) {
        size_t seen = 0;
        for (const Packet& packet : *packets) {
            const auto said = said_in(packet);
            if (!said || said->note == "first") {
                CHECK((said || !packet.self()));
                continue;
            }
            const NamedProcess sender = sender_of(packet);
            check_program(packet, sender, said->pid);
            int left = 0;
            INFO(describe(packet));
            REQUIRE(std::sscanf(said->note.c_str(), "chain %d", &left) == 1);
            const std::string prefix = sender.pid == packet.self()->pid ? "" : "peer.";
            CHECK(packet.comment.at(prefix + "cmdline")
                      .starts_with("traffic_program chain " + std::to_string(left + 1) + " "));
            seen++;
        }
        CHECK(seen == (packets == &world.near_packets() ? 32U : 16U));
    }
}

TEST_CASE("names of all kinds stay one word in the comment, and come out as they were") {
    World world;
    const std::vector<std::string> names = {
        "two words",
        "100%",
        "new\nline",
        "tab\tand\x01\x1b[2J",
        "\xff\xfe\x80",
        "a=b c=d",
        "pid=1",
        "via=kernel",
        "\xc3\xa4\xe2\x80\xae\xe2\x80\x8b",
        "'\"\\<&>;|$",
        "%41",
        " ",
        "15 bytes long!!",
    };
    world.start();
    const Path path = world.paths()[0];
    Actor server(path.server, "server");
    const int to = bound_socket(server, path.server_at(0), SOCK_DGRAM);
    Actor client(path.client, "client");
    const int from = connected_socket(client, path.server_at(local_port(server, to)), SOCK_DGRAM);
    for (size_t i = 0; i < names.size(); i++) {
        client.call([](Text name) { return prctl(PR_SET_NAME, name.c_str()); }, Text(names[i]));
        pass(client, from, server, to, std::to_string(i));
    }
    world.stop();
    // On the veth the kernel says what it likes, when it likes.
    const std::vector<Packet> packets =
        select(world.near_packets(), [](const Packet& packet) { return packet.interface == "lo"; });
    REQUIRE(packets.size() == names.size());
    for (size_t i = 0; i < names.size(); i++) {
        const Packet& packet = packets[i];
        INFO(describe(packet));
        CHECK(packet.self()->comm == names[i]);
        CHECK(packet.self()->pid == static_cast<uint32_t>(client.pid()));
        CHECK(packet.peer()->comm == "server");
        for (const char byte : packet.raw_comment) {
            const auto value = static_cast<unsigned char>(byte);
            CHECK((value >= 0x20 && value != 0x7f));
        }
    }
}

}  // namespace
}  // namespace test
