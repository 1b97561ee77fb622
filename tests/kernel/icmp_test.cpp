// SPDX-License-Identifier: GPL-2.0-only
//
// ICMP: a ping's replies come to no socket, and errors are about packets of somebody's.
#include <netinet/icmp6.h>

#include <catch2/catch.hpp>

#include "tests/kernel/ping.h"
#include "tests/kernel/world.h"
#include "tests/support/process.h"

namespace test {
namespace {

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
            const std::vector<std::string> command = {"ping", "-n", "-q",   "-c",
                                                      "5",    "-i", "0.02", path.server_address};
            parallel.push_back(std::make_unique<Process>(Launch{command, &path.client}));
            // And back, from the other namespace.
            if (!path.loopback) {
                const std::vector<std::string> back = {"ping", "-n", "-q",   "-c",
                                                       "5",    "-i", "0.02", path.client_address};
                parallel.push_back(std::make_unique<Process>(Launch{back, &path.server}));
            }
        }
        for (const auto& ping : parallel) {
            pings[static_cast<uint32_t>(ping->pid())] = who_is_ping(ping->pid());
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

// A raw socket for echo messages, and in IPv6 for nothing else.
int echo_socket(Actor& actor, int family) {
    const int protocol = family == AF_INET6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
    const int fd = open_socket(actor, family, SOCK_RAW, protocol);
    if (family == AF_INET6) {
        actor.call(
            [](int which) {
                icmp6_filter filter;
                ICMP6_FILTER_SETBLOCKALL(&filter);
                ICMP6_FILTER_SETPASS(ICMP6_ECHO_REQUEST, &filter);
                ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
                return setsockopt(which, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
            },
            fd);
    }
    return fd;
}

// An echo message with this identifier from a raw socket.
void send_echo(Actor& actor, int fd, const Address& to, bool request, uint16_t id) {
    actor.call(
        [](int which, Address peer, bool asks, uint16_t identifier) {
            const bool is_ipv6 = peer.family() == AF_INET6;
            uint8_t message[16] = {};
            message[0] = static_cast<uint8_t>(is_ipv6 ? (asks ? 128 : 129) : (asks ? 8 : 0));
            message[4] = static_cast<uint8_t>(identifier >> 8);
            message[5] = static_cast<uint8_t>(identifier);
            if (!is_ipv6) {  // the kernel fills in ICMPv6's
                uint32_t sum = 0;
                for (size_t i = 0; i < sizeof(message); i += 2) {
                    sum += static_cast<uint32_t>(message[i] << 8 | message[i + 1]);
                }
                const auto check = static_cast<uint16_t>(~((sum & 0xffff) + (sum >> 16)));
                message[2] = static_cast<uint8_t>(check >> 8);
                message[3] = static_cast<uint8_t>(check);
            }
            return sendto(which, message, sizeof(message), 0,
                          reinterpret_cast<sockaddr*>(&peer.storage), peer.length);
        },
        fd, to, request, id);
}

// The kernel answers at once, so that a reply always follows its request. Here somebody else
// answers, when everybody has asked, and in the other order.
TEST_CASE("late echo replies find the process that asked by their identifier") {
    World world;
    for (const Netns* netns : {&world.near(), &world.far()}) {
        netns->sysctl("ipv4/icmp_echo_ignore_all", "1");
        netns->sysctl("ipv6/icmp/echo_ignore_all", "1");
    }
    world.start();
    Ownership ownership;
    std::map<std::string, Who> answerers;  // by address
    for (const Path& path : world.paths()) {
        Actor answerer(path.server, "answerer");
        const int family = path.server_at(0).family();
        const int from = echo_socket(answerer, family);
        answerers[path.server_address] = answerer.who();
        std::vector<std::unique_ptr<Actor>> askers;
        std::vector<int> fds;
        for (uint16_t id = 1; id <= 5; id++) {
            askers.push_back(std::make_unique<Actor>(path.client, "asker" + std::to_string(id)));
            const int fd = echo_socket(*askers.back(), family);
            fds.push_back(fd);
            send_echo(*askers.back(), fd, path.server_at(0), true, id);
            ownership.claim_echo(path.client_address, id, askers.back()->who());
        }
        hear_many(answerer, from, 5);
        for (uint16_t id = 5; id > 0; id--) {
            send_echo(answerer, from, path.client_at(0), false, id);
        }
        // Every raw socket gets all five, and on lo also the requests since it was made.
        hear_many(*askers.back(), fds.back(), path.loopback ? 6 : 5);
    }
    world.stop();
    size_t replies = 0;
    ownership.set_rule([&](const Packet& packet) -> std::optional<Ends> {
        auto ends = ownership.by_claims(packet);
        if (ends && (packet.icmp_type == 0 || packet.icmp_type == 129)) {
            ends->sender = {answerers.at(packet.source)};
            replies++;
        }
        return ends;
    });
    ownership.check(world);
    CHECK(replies == 5 * 6);
}

// The port was another process's a moment ago, which must not be named again: the same addresses
// and ports at both ends.
TEST_CASE("an unanswered datagram's ICMP error belongs to its sender, a RST to who called") {
    World world;
    world.start();
    Ownership ownership;
    using Endpoint = std::pair<std::string, uint16_t>;
    std::map<Endpoint, Who> refused;        // by the client's address and port
    std::map<Endpoint, Who> refused_again;  // from the second SYN on
    for (const Path& path : world.paths()) {
        Actor client(path.client, "client-" + path.name);
        uint16_t closed = 0;
        uint16_t stream_port = 0;
        {
            Actor before(path.server, "before-" + path.name);
            const int datagrams = bound_socket(before, path.server_at(0), SOCK_DGRAM);
            closed = local_port(before, datagrams);
            const int listening = listener(before, path.server_at(closed));
            const int caller = connected_socket(client, path.server_at(closed), SOCK_STREAM);
            ownership.claim_flow("tcp", path, local_port(client, caller), client.who(), closed,
                                 before.who());
            const int accepted = accept_from(before, listening);
            stream_port = local_port(client, caller);
            // The server's end is the one in TIME_WAIT.
            close_in(before, accepted);
            hear_end(client, caller);
            close_in(client, caller);
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
        const int stream = bound_socket(client, path.client_at(stream_port), SOCK_STREAM);
        refused_again[{path.client_address, stream_port}] = client.who();
        CHECK(client.try_call(
                  [](int which, Address to) {
                      return connect(which, reinterpret_cast<sockaddr*>(&to.storage), to.length);
                  },
                  stream, path.server_at(closed)) == -ECONNREFUSED);
    }
    world.stop();
    size_t errors = 0;
    size_t resets = 0;
    std::map<std::pair<const Packet*, Endpoint>, int> syns;
    const Packet* file = nullptr;
    ownership.set_rule([&](const Packet& packet) -> std::optional<Ends> {
        if (packet.protocol == "tcp") {
            const bool is_caller = refused_again.contains({packet.source, packet.source_port});
            const Endpoint caller = is_caller
                                        ? Endpoint(packet.source, packet.source_port)
                                        : Endpoint(packet.destination, packet.destination_port);
            int& count = syns[{file, caller}];
            count += (packet.tcp_flags & (kSyn | kAck)) == kSyn ? 1 : 0;
            if (count < 2) {
                return std::nullopt;
            }
            // The end in TIME_WAIT acknowledges the first SYN, which the caller resets; the next
            // one is refused.
            resets += packet.has_flags(kRst) && !is_caller ? 1 : 0;
            const Who& who = refused_again.at(caller);
            return is_caller ? Ends{{who}, {}} : Ends{{}, {who}};
        }
        // An error quotes the datagram, whose ports tshark shows.
        const bool error = packet.icmp_type == (packet.protocol == "icmp" ? 3 : 1);
        const auto asked =
            refused.find({error ? packet.destination : packet.source, packet.source_port});
        if (asked != refused.end()) {
            errors += error && packet.via() == "icmp-error" ? 1 : 0;
            return error ? Ends{{}, {asked->second}} : Ends{{asked->second}, {}};
        }
        const auto answered = refused.find({packet.destination, packet.destination_port});
        if (answered != refused.end()) {
            return Ends{{}, {answered->second}};
        }
        return std::nullopt;
    });
    for (const auto* packets : {&world.near_packets(), &world.far_packets()}) {
        file = packets->data();
        ownership.check(*packets);
    }
    CHECK(errors == 6);
    CHECK(resets == 6);
}

}  // namespace
}  // namespace test
