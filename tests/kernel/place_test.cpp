// SPDX-License-Identifier: GPL-2.0-only
//
// Traffic of nobody here: the kernel's, what is passed on, what comes late; and the same addresses
// in another network namespace.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "tests/kernel/world.h"
#include "tests/support/capture.h"

namespace test {
namespace {

// client - near router - router - server: to the router everything comes from the wire, because
// forwarding takes a packet's socket away.
TEST_CASE("forwarded packets are nobody's, although a listener on the router has their port") {
    const Netns client_ns;
    const Netns near_router;
    const Netns router;
    const Netns server_ns;
    connect_by_veth({client_ns, "c0", "10.1.0.1/24", "fd01::1/64"},
                    {near_router, "n0", "10.1.0.2/24", "fd01::2/64"});
    connect_by_veth({near_router, "n1", "10.2.0.1/24", "fd02::1/64"},
                    {router, "r0", "10.2.0.2/24", "fd02::2/64"});
    connect_by_veth({router, "r1", "10.3.0.1/24", "fd03::1/64"},
                    {server_ns, "s0", "10.3.0.2/24", "fd03::2/64"});
    for (const Netns* netns : {&near_router, &router}) {
        netns->sysctl("ipv4/ip_forward", "1");
        netns->sysctl("ipv6/conf/all/forwarding", "1");
    }
    // A router asks for neighbours from a link-local address.
    near_router.ip("address add fe80::a/64 dev n0 nodad");
    near_router.ip("address add fe80::b/64 dev n1 nodad");
    router.ip("address add fe80::c/64 dev r0 nodad");
    router.ip("address add fe80::d/64 dev r1 nodad");
    client_ns.ip("route add default via 10.1.0.2");
    client_ns.ip("-6 route add default via fd01::2");
    near_router.ip("route add 10.3.0.0/24 via 10.2.0.2");
    near_router.ip("-6 route add fd03::/64 via fd02::2");
    router.ip("route add 10.1.0.0/24 via 10.2.0.1");
    router.ip("-6 route add fd01::/64 via fd02::1");
    server_ns.ip("route add default via 10.3.0.1");
    server_ns.ip("-6 route add default via fd03::1");

    const TemporaryFolder folder;
    const std::string file = folder.file("router.pcapng");
    Actor client(client_ns, "client");
    Actor server(server_ns, "server");
    Actor listening(router, "listening");
    const int server_tcp = listener(server, make_address("::", 0));
    const uint16_t port = local_port(server, server_tcp);
    const int server_udp = bound_socket(server, make_address("::", port), SOCK_DGRAM);
    const int router_tcp = listener(listening, make_address("::", port));
    const int router_udp = bound_socket(listening, make_address("::", port), SOCK_DGRAM);

    Capture capture(router, {"-i", "r0", "-w", file});
    std::set<uint16_t> through;
    Ownership ownership;
    for (const char* address : {"10.3.0.2", "fd03::2"}) {
        const int stream = connected_socket(client, make_address(address, port), SOCK_STREAM);
        through.insert(local_port(client, stream));
        const int accepted = accept_from(server, server_tcp);
        pass(client, stream, server, accepted, "through");
        pass(server, accepted, client, stream, "through");
        close_in(client, stream);
        hear_end(server, accepted);
        close_in(server, accepted);
        const int datagram = connected_socket(client, make_address(address, port), SOCK_DGRAM);
        through.insert(local_port(client, datagram));
        say(client, datagram, "through");
        hear_and_answer(server, server_udp, "through");
        hear(client, datagram);
    }
    for (const char* address : {"10.2.0.2", "fd02::2"}) {
        ownership.claim("tcp", address, port, listening.who());
        ownership.claim("udp", address, port, listening.who());
        const int stream = connected_socket(client, make_address(address, port), SOCK_STREAM);
        const int accepted = accept_from(listening, router_tcp);
        pass(client, stream, listening, accepted, "to the router");
        const int datagram = connected_socket(client, make_address(address, port), SOCK_DGRAM);
        say(client, datagram, "to the router");
        hear_and_answer(listening, router_udp, "from the router");
        hear(client, datagram);
        close_in(client, stream);
        hear_end(listening, accepted);
        close_in(listening, accepted);
    }
    settle(client_ns);
    capture.stop();
    const std::vector<Packet> packets = read_packets(file);
    size_t forwarded = 0;
    ownership.set_rule([&](const Packet& packet) -> std::optional<Ends> {
        if (!through.contains(packet.source_port) && !through.contains(packet.destination_port)) {
            return std::nullopt;
        }
        forwarded++;
        INFO(describe(packet));
        CHECK(packet.via() == "forwarded");
        return Ends{};
    });
    ownership.check(packets);
    CHECK(forwarded >= 2 * (2 + 9));
}

TEST_CASE("the same address and port in two namespaces are two processes'") {
    World world;
    Netns elsewhere;
    world.start();
    Ownership ownership;
    for (const Path& path : world.paths()) {
        if (!path.loopback) {
            continue;
        }
        Actor server(path.server, "here");
        Actor other_server(elsewhere, "elsewhere");
        const int listening = listener(server, path.server_at(0));
        const uint16_t port = local_port(server, listening);
        const int other_listening = listener(other_server, path.server_at(port));
        uint16_t client_port = 0;
        Actor client(path.client, "client");
        Actor other_client(elsewhere, "other-client");
        const int stream = bound_socket(client, path.client_at(0), SOCK_STREAM);
        client_port = local_port(client, stream);
        const int other_stream =
            bound_socket(other_client, path.client_at(client_port), SOCK_STREAM);
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
    world.stop();
    ownership.check(world.near_packets());
    CHECK(select(world.near_packets(), [](const Packet& packet) {
              return packet.payload.ends_with(" elsewhere");
          }, 0).empty());
}

// The client has gone, and its socket with it; its connection ends only now.
TEST_CASE("a FIN that comes when its receiver has ended is its receiver's all the same") {
    World world;
    world.start();
    Ownership ownership;
    for (const Path& path : world.paths()) {
        Actor server(path.server, "server-" + path.name);
        const int listening = listener(server, path.server_at(0));
        Actor client(path.client, "client-" + path.name);
        const int stream =
            connected_socket(client, path.server_at(local_port(server, listening)), SOCK_STREAM);
        ownership.claim_flow("tcp", path, local_port(client, stream), client.who(),
                             local_port(server, listening), server.who());
        const int accepted = accept_from(server, listening);
        pass(client, stream, server, accepted, "last words");
        client.exit();
        hear_end(server, accepted);
        close_in(server, accepted);
        settle(path.server);
    }
    world.stop();
    ownership.check(world);
    const auto is_fin = [](const Packet& packet) { return packet.has_flags(kFin); };
    CHECK(select(world.near_packets(), is_fin).size() == 8);
}

TEST_CASE("a RST of a process that leaves data unread is that process's") {
    World world;
    world.start();
    Ownership ownership;
    for (const Path& path : world.paths()) {
        Actor server(path.server, "server-" + path.name);
        const int listening = listener(server, path.server_at(0));
        Actor client(path.client, "client-" + path.name);
        const int stream =
            connected_socket(client, path.server_at(local_port(server, listening)), SOCK_STREAM);
        ownership.claim_flow("tcp", path, local_port(client, stream), client.who(),
                             local_port(server, listening), server.who());
        const int accepted = accept_from(server, listening);
        say(server, accepted, "never read");
        // Until it is there.
        client.call(
            [](int which) {
                char byte = 0;
                return recv(which, &byte, 1, MSG_PEEK);
            },
            stream);
        client.exit();
        CHECK(server.try_call(
                  [](int which) {
                      char byte = 0;
                      return read(which, &byte, 1);
                  },
                  accepted) == -ECONNRESET);
    }
    world.stop();
    ownership.check(world);
    const auto is_reset = [](const Packet& packet) { return packet.has_flags(kRst); };
    for (const Packet& packet : select(world.near_packets(), is_reset, 4)) {
        INFO(describe(packet));
        CHECK(packet.self()->comm.starts_with("client-"));
        CHECK(packet.via() == "socket");
    }
}

TEST_CASE("ARP and neighbour discovery are the kernel's") {
    World world;
    world.start();
    Actor client(world.near(), "client");
    Actor server(world.far(), "server");
    for (const char* address : {"10.77.0.2", "fd77::2"}) {
        const int to = bound_socket(server, make_address(address, 0), SOCK_DGRAM);
        const int from = connected_socket(client, make_address(address, local_port(server, to)),
                                          SOCK_DGRAM);
        pass(client, from, server, to, "makes the kernel ask for the neighbour");
    }
    world.stop();
    for (const auto* packets : {&world.near_packets(), &world.far_packets()}) {
        const auto asks = select(*packets, [](const Packet& packet) {
            return packet.protocol == "arp" || packet.icmp_type == 135 || packet.icmp_type == 136;
        }, 4);
        for (const Packet& packet : asks) {
            INFO(describe(packet));
            CHECK(packet.raw_comment == "via=kernel");
        }
    }
}

}  // namespace
}  // namespace test
