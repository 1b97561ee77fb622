// SPDX-License-Identifier: GPL-2.0-only
//
// ICMP: a ping's replies come to no socket, and errors are about packets of somebody's.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/kernel/world.h"
#include "tests/support/process.h"

namespace test {
namespace {

Who ping_who(const Process& ping) {
    Who who = who_is(ping.pid());
    // Waits until ping is ping: execve may still be under way.
    while (who.comm != "ping" || who.exe.empty()) {
        usleep(1000);
        who = who_is(ping.pid());
    }
    return who;
}

// A ping knows its identifier only after it has a socket, so packets are told apart by their data:
// each has a pattern of its own.
struct Ping {
    Who who;
    std::string source;
    std::string target;
    size_t length = 0;
};

TEST_CASE("ping: requests and replies are its own, two at a time, datagram and raw sockets") {
    World world;
    // Datagram sockets for everybody in the near one; in the far one ping falls back on raw ones.
    world.near().sysctl("ipv4/ping_group_range", "0 2147483647");
    world.far().sysctl("ipv4/ping_group_range", "1 0");
    world.start();
    std::map<std::pair<std::string, unsigned>, std::set<uint32_t>> by_id;
    std::map<uint32_t, Who> pings;
    constexpr int kCount = 5;
    size_t started = 0;
    for (const Path& path : world.paths()) {
        std::vector<std::unique_ptr<Process>> parallel;
        for (int i = 0; i < 2; i++) {
            const std::vector<std::string> command = {"ping", "-n",   "-q", "-c", "5",
                                                      "-i",   "0.02", path.server_address};
            parallel.push_back(std::make_unique<Process>(Launch{command, &path.client}));
            // And back, from the other namespace.
            if (!path.loopback) {
                const std::vector<std::string> back = {"ping", "-n",   "-q", "-c", "5",
                                                       "-i",   "0.02", path.client_address};
                parallel.push_back(std::make_unique<Process>(Launch{back, &path.server}));
            }
        }
        for (const auto& ping : parallel) {
            pings[static_cast<uint32_t>(ping->pid())] = ping_who(*ping);
        }
        for (const auto& ping : parallel) {
            INFO(ping->err());
            CHECK(ping->wait() == 0);
            started++;
        }
    }
    world.stop();

    // A request leaves by its socket, whose process is known for certain; a reply is then of the
    // process whose request had these addresses, identifier and sequence number.
    for (const auto* packets : {&world.near_packets(), &world.far_packets()}) {
        std::map<std::tuple<std::string, std::string, unsigned, unsigned>, uint32_t> asked;
        std::map<uint32_t, int> requests;
        std::map<uint32_t, int> replies;
        for (const Packet& packet : *packets) {
            const bool request = packet.icmp_type == 8 || packet.icmp_type == 128;
            const bool reply = packet.icmp_type == 0 || packet.icmp_type == 129;
            if (!request && !reply) {
                INFO(describe(packet));
                CHECK(packet.via() == "kernel");
                continue;
            }
            INFO(describe(packet));
            const auto self = packet.self();
            REQUIRE(self);
            REQUIRE(pings.contains(self->pid));
            CHECK(difference(*self, pings[self->pid]).empty());
            CHECK(!packet.peer());
            if (request) {
                CHECK(packet.via() == "socket");
                asked[{packet.source, packet.destination, packet.echo_id, packet.echo_sequence}] =
                    self->pid;
                requests[self->pid]++;
            } else {
                CHECK(packet.via() == "icmp-echo");
                const auto found = asked.find(
                    {packet.destination, packet.source, packet.echo_id, packet.echo_sequence});
                REQUIRE(found != asked.end());
                CHECK(found->second == self->pid);
                replies[self->pid]++;
            }
        }
        for (const auto& [pid, count] : requests) {
            CHECK(count == kCount);
            CHECK(replies[pid] == kCount);
        }
        CHECK(requests.size() == (packets == &world.near_packets() ? started : started - 4));
    }
}

// The port was another process's a moment ago, which must not be named again.
TEST_CASE("an unanswered datagram's ICMP error belongs to its sender, a RST to who called") {
    World world;
    world.start();
    Ownership ownership;
    using Endpoint = std::pair<std::string, uint16_t>;
    std::map<Endpoint, Who> refused;  // by the client's address and port
    for (const Path& path : world.paths()) {
        Actor client(path.client, "client-" + path.name);
        uint16_t closed = 0;
        {
            Actor before(path.server, "before-" + path.name);
            const int datagrams = bound_socket(before, path.server_at(0), SOCK_DGRAM);
            closed = local_port(before, datagrams);
            const int listening = listener(before, path.server_at(closed));
            const int caller = connected_socket(client, path.server_at(closed), SOCK_STREAM);
            ownership.claim_flow("tcp", path, local_port(client, caller), client.who(), closed,
                                 before.who());
            const int accepted = accept_from(before, listening);
            close_in(client, caller);
            hear_end(before, accepted);
            close_in(before, accepted);
            const int sender = bound_socket(client, path.client_at(0), SOCK_DGRAM);
            ownership.claim_flow("udp", path, local_port(client, sender), client.who(), closed,
                                 before.who());
            say_to(client, sender, path.server_at(closed), "to somebody");
            hear_and_answer(before, datagrams, "from somebody");
            hear(client, sender);
            settle(path.client);
            settle(path.server);
        }
        const int datagram = connected_socket(client, path.server_at(closed), SOCK_DGRAM);
        refused[{path.client_address, local_port(client, datagram)}] = client.who();
        say(client, datagram, "to nobody");
        CHECK(client.try_call(
                  [](int which) {
                      char byte = 0;
                      return recv(which, &byte, 1, 0);
                  },
                  datagram) == -ECONNREFUSED);
        const int stream = bound_socket(client, path.client_at(0), SOCK_STREAM);
        refused[{path.client_address, local_port(client, stream)}] = client.who();
        CHECK(client.try_call(
                  [](int which, Address to) {
                      return connect(which, reinterpret_cast<sockaddr*>(&to.storage), to.length);
                  },
                  stream, path.server_at(closed)) == -ECONNREFUSED);
    }
    world.stop();
    size_t errors = 0;
    size_t resets = 0;
    ownership.set_rule([&](const Packet& packet) -> std::optional<Ends> {
        // An error quotes the datagram, whose ports tshark shows.
        const bool error = packet.icmp_type == (packet.protocol == "icmp" ? 3 : 1);
        const auto asked = refused.find({error ? packet.destination : packet.source,
                                         packet.source_port});
        if (asked != refused.end()) {
            errors += error && packet.via() == "icmp-error" ? 1 : 0;
            return error ? Ends{{}, {asked->second}} : Ends{{asked->second}, {}};
        }
        const auto answered = refused.find({packet.destination, packet.destination_port});
        if (answered != refused.end()) {
            resets += packet.has_flags(kRst) ? 1 : 0;
            return Ends{{}, {answered->second}};
        }
        return std::nullopt;
    });
    ownership.check(world);
    CHECK(errors == 6);
    CHECK(resets == 6);
}

}  // namespace
}  // namespace test
