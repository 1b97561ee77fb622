// SPDX-License-Identifier: GPL-2.0-only
//
// Networks of several hosts: a container behind a bridge with masquerading, packets of others on
// their way through, and what the kernel answers by itself.
#include <unistd.h>

#include <memory>
#include <set>

#include "tests/attribution/scenario.h"
#include "tests/attribution/tool.h"
#include "tests/support/command.h"

namespace bench {
namespace {

using namespace test;

constexpr uint16_t kPublished = 8080;
constexpr uint16_t kInside = 80;
constexpr uint16_t kProxy = 3128;

// container (c0) - vc [br0 host up0] - i0 (internet). The container's addresses are masqueraded;
// kPublished of the host leads to kInside of the container.
struct ContainerHost {
    Netns container;
    Netns host;
    Netns internet;

    ContainerHost() {
        connect_by_veth({container, "c0", "10.90.0.2/24", "fd90::2/64"},
                        {host, "vc", "10.90.1.1/32", "fd90:1::1/128"});
        connect_by_veth({host, "up0", "10.91.0.1/24", "fd91::1/64"},
                        {internet, "i0", "10.91.0.2/24", "fd91::2/64"});
        host.ip("address flush dev vc");
        host.ip("link add br0 type bridge mcast_snooping 0");
        host.ip("link set br0 addrgenmode none");
        host.ip("link set vc master br0");
        host.ip("address add 10.90.0.1/24 dev br0");
        host.ip("address add fd90::1/64 dev br0 nodad");
        host.ip("link set br0 up");
        // A router asks for neighbours from a link-local address.
        host.ip("address add fe80::1/64 dev br0 nodad");
        host.ip("address add fe80::2/64 dev up0 nodad");
        container.ip("route add default via 10.90.0.1");
        container.ip("-6 route add default via fd90::1");
        host.sysctl("ipv4/ip_forward", "1");
        host.sysctl("ipv6/conf/all/forwarding", "1");
        container.sysctl("ipv4/ping_group_range", "0 2147483647");
        const InNetns inside(host);
        output_of({"nft",
                   "add table inet nat; "
                   "add chain inet nat out { type nat hook postrouting priority 100; }; "
                   "add rule inet nat out oifname up0 masquerade; "
                   "add chain inet nat in { type nat hook prerouting priority -100; }; "
                   "add rule inet nat in iifname up0 meta nfproto ipv4 tcp dport 8080 "
                   "dnat ip to 10.90.0.2:80; "
                   "add rule inet nat in iifname up0 meta nfproto ipv6 tcp dport 8080 "
                   "dnat ip6 to [fd90::2]:80"});
    }
};

std::shared_ptr<ContainerHost> make_container(Stage& stage, const std::string& place) {
    if (!Tool::exists("nft")) {
        throw Skip("no nft(8)");
    }
    std::shared_ptr<ContainerHost> made;
    try {
        made = std::make_shared<ContainerHost>();
    } catch (const std::exception& problem) {
        throw Skip(std::string("no bridge or no NAT here: ") + problem.what());
    }
    stage.capture({place, made->host, {"vc", "br0", "up0"}});
    return made;
}

struct Addresses {
    std::string container, host, uplink, internet;
};

const Addresses kFamilies[] = {{"10.90.0.2", "10.90.0.1", "10.91.0.1", "10.91.0.2"},
                               {"fd90::2", "fd90::1", "fd91::1", "fd91::2"}};

// The process outside would be on another machine: it need not be known.
Ends behind_host(const Who& sender, const Who& receiver, const Who& outside) {
    return {{sender}, {receiver}, {}, {"socket", "flow", "conntrack"}, {outside.pid}};
}

// From the container out. On the uplink the host's address stands for the container's, with the
// same port where that is free.
Play prepare_outgoing(Stage& stage) {
    const auto world = make_container(stage, "container-host");
    return [world](Ownership& ownership) {
        for (const Addresses& at : kFamilies) {
            Actor client(world->container, "inside");
            Actor server(world->internet, "outside");
            const auto claim = [&](const char* protocol, uint16_t client_port, uint16_t port) {
                for (const std::string& source : {at.container, at.uplink}) {
                    ownership.claim_conversation(
                        protocol, {source, client_port}, {at.internet, port},
                        behind_host(client.who(), server.who(), server.who()));
                }
            };
            const int listening = listener(server, make_address(at.internet, 0));
            const uint16_t port = local_port(server, listening);
            const int caller =
                connected_socket(client, make_address(at.internet, port), SOCK_STREAM);
            claim("tcp", local_port(client, caller), port);
            const int accepted = accept_from(server, listening);
            const int to = bound_socket(server, make_address(at.internet, port), SOCK_DGRAM);
            const int from = connected_socket(client, make_address(at.internet, port), SOCK_DGRAM);
            claim("udp", local_port(client, from), port);
            for (int i = 0; i < 3; i++) {
                pass(client, caller, server, accepted, "question");
                pass(server, accepted, client, caller, "answer");
                say(client, from, "question");
                hear_and_answer(server, to, "answer");
                hear(client, from);
            }
            close_in(client, caller);
            hear_end(server, accepted);
            close_in(server, accepted);
            settle(world->container);
            settle(world->internet);
        }
    };
}

Play prepare_ping(Stage& stage) {
    const auto world = make_container(stage, "container-ping");
    return [world](Ownership& ownership) {
        for (const Addresses& at : kFamilies) {
            Tool ping(world->container, {"ping", "-n", "-q", "-c", "3", "-i", "0.02", at.internet});
            for (const std::string& source : {at.container, at.uplink}) {
                ownership.claim_route(source, at.internet, {{ping.who()}, {}});
                ownership.claim_route(at.internet, source, {{}, {ping.who()}});
            }
            ping.must_succeed();
        }
    };
}

// From outside to a port of the host that leads into the container.
Play prepare_published(Stage& stage) {
    const auto world = make_container(stage, "container-published");
    return [world](Ownership& ownership) {
        for (const Addresses& at : kFamilies) {
            Actor server(world->container, "inside");
            Actor client(world->internet, "outside");
            // It has the port, but not the connections.
            Actor other(world->host, "other-listener");
            listener(other, make_address(at.uplink, kPublished));
            const int listening = listener(server, make_address(at.container, kInside));
            const int caller =
                connected_socket(client, make_address(at.uplink, kPublished), SOCK_STREAM);
            const uint16_t client_port = local_port(client, caller);
            const Ends ends = behind_host(client.who(), server.who(), client.who());
            for (const Endpoint& to :
                 {Endpoint(at.uplink, kPublished), Endpoint(at.container, kInside)}) {
                ownership.claim_conversation("tcp", {at.internet, client_port}, to, ends);
            }
            const int accepted = accept_from(server, listening);
            for (int i = 0; i < 3; i++) {
                pass(client, caller, server, accepted, "question");
                pass(server, accepted, client, caller, "answer");
            }
            close_in(client, caller);
            hear_end(server, accepted);
            close_in(server, accepted);
            settle(world->container);
            settle(world->internet);
        }
    };
}

// A port of the host that is redirected to a proxy on it, while another process listens there.
struct Redirected {
    Netns host;
    Netns outside;

    Redirected() {
        connect_by_veth({host, "eth0", "10.92.0.1/24", "fd92::1/64"},
                        {outside, "o0", "10.92.0.2/24", "fd92::2/64"});
        const InNetns inside(host);
        output_of({"nft",
                   "add table inet nat; "
                   "add chain inet nat in { type nat hook prerouting priority -100; }; "
                   "add rule inet nat in tcp dport 8080 redirect to :3128"});
    }
};

Play prepare_redirected(Stage& stage) {
    if (!Tool::exists("nft")) {
        throw Skip("no nft(8)");
    }
    std::shared_ptr<Redirected> world;
    try {
        world = std::make_shared<Redirected>();
    } catch (const std::exception& problem) {
        throw Skip(std::string("no NAT here: ") + problem.what());
    }
    stage.capture({"redirected", world->host, {"eth0"}});
    return [world](Ownership& ownership) {
        for (const bool ipv6 : {false, true}) {
            const std::string address = ipv6 ? "fd92::1" : "10.92.0.1";
            Actor proxy(world->host, "proxy");
            Actor other(world->host, "other-listener");
            Actor client(world->outside, "client");
            listener(other, make_address(address, kPublished));
            const int listening = listener(proxy, make_address(address, kProxy));
            const int caller =
                connected_socket(client, make_address(address, kPublished), SOCK_STREAM);
            // At the wire, and at the proxy's socket.
            for (const uint16_t port : {kPublished, kProxy}) {
                ownership.claim_conversation(
                    "tcp", {ipv6 ? "fd92::2" : "10.92.0.2", local_port(client, caller)},
                    {address, port},
                    {{client.who()}, {proxy.who()}, {}, {"socket", "conntrack", "flow"}});
            }
            const int accepted = accept_from(proxy, listening);
            for (int i = 0; i < 3; i++) {
                pass(client, caller, proxy, accepted, "question");
                pass(proxy, accepted, client, caller, "answer");
            }
            close_in(client, caller);
            hear_end(proxy, accepted);
            close_in(proxy, accepted);
            settle(world->host);
            settle(world->outside);
        }
    };
}

// client - near router - router - server: to the router everything comes from the wire, because
// forwarding takes a packet's socket away.
struct Routers {
    Netns client;
    Netns near_router;
    Netns router;
    Netns server;

    Routers() {
        connect_by_veth({client, "c0", "10.1.0.1/24", "fd01::1/64"},
                        {near_router, "n0", "10.1.0.2/24", "fd01::2/64"});
        connect_by_veth({near_router, "n1", "10.2.0.1/24", "fd02::1/64"},
                        {router, "r0", "10.2.0.2/24", "fd02::2/64"});
        connect_by_veth({router, "r1", "10.3.0.1/24", "fd03::1/64"},
                        {server, "s0", "10.3.0.2/24", "fd03::2/64"});
        for (const Netns* netns : {&near_router, &router}) {
            netns->sysctl("ipv4/ip_forward", "1");
            netns->sysctl("ipv6/conf/all/forwarding", "1");
        }
        // A router asks for neighbours from a link-local address.
        near_router.ip("address add fe80::a/64 dev n0 nodad");
        near_router.ip("address add fe80::b/64 dev n1 nodad");
        router.ip("address add fe80::c/64 dev r0 nodad");
        router.ip("address add fe80::d/64 dev r1 nodad");
        client.ip("route add default via 10.1.0.2");
        client.ip("-6 route add default via fd01::2");
        near_router.ip("route add 10.3.0.0/24 via 10.2.0.2");
        near_router.ip("-6 route add fd03::/64 via fd02::2");
        router.ip("route add 10.1.0.0/24 via 10.2.0.1");
        router.ip("-6 route add fd01::/64 via fd02::1");
        server.ip("route add default via 10.3.0.1");
        server.ip("-6 route add default via fd03::1");
        client.sysctl("ipv4/ping_group_range", "0 2147483647");
    }
};

// What passes through is nobody's, although a process on the router has its port; what is for the
// router is that one's.
Play prepare_forwarded(Stage& stage) {
    const auto world = std::make_shared<Routers>();
    stage.capture({"router", world->router, {"r0"}});
    return [world](Ownership& ownership) {
        Actor client(world->client, "client");
        Actor server(world->server, "server");
        Actor listening(world->router, "listening");
        const int server_tcp = listener(server, make_address("::", 0));
        const uint16_t port = local_port(server, server_tcp);
        const int server_udp = bound_socket(server, make_address("::", port), SOCK_DGRAM);
        const int router_tcp = listener(listening, make_address("::", port));
        const int router_udp = bound_socket(listening, make_address("::", port), SOCK_DGRAM);
        const Ends nobody{{}, {}, {}, {"forwarded"}};
        ownership.claim_route("10.1.0.1", "10.3.0.2", nobody);
        ownership.claim_route("10.3.0.2", "10.1.0.1", nobody);
        ownership.claim_route("fd01::1", "fd03::2", nobody);
        ownership.claim_route("fd03::2", "fd01::1", nobody);
        for (const char* address : {"10.3.0.2", "fd03::2", "10.2.0.2", "fd02::2"}) {
            const bool through = address[3] == '3';
            Actor& taker = through ? server : listening;
            const int stream = connected_socket(client, make_address(address, port), SOCK_STREAM);
            const int accepted = accept_from(taker, through ? server_tcp : router_tcp);
            pass(client, stream, taker, accepted, "question");
            pass(taker, accepted, client, stream, "answer");
            close_in(client, stream);
            hear_end(taker, accepted);
            close_in(taker, accepted);
            const int datagram = connected_socket(client, make_address(address, port), SOCK_DGRAM);
            say(client, datagram, "question");
            hear_and_answer(taker, through ? server_udp : router_udp, "answer");
            hear(client, datagram);
            if (!through) {
                ownership.claim("tcp", address, port, listening.who());
                ownership.claim("udp", address, port, listening.who());
            }
        }
        settle(world->client);
    };
}

// What comes from afar and the kernel answers: pings, connections and datagrams that nobody waits
// for.
Play prepare_kernel(Stage& stage) {
    const auto world = std::make_shared<Routers>();
    stage.capture({"answering", world->router, {"r0"}});
    return [world](Ownership& ownership) {
        Actor client(world->client, "client");
        const Ends kernel{{}, {}, {}, {"kernel"}};
        for (const bool ipv6 : {false, true}) {
            const std::string from = ipv6 ? "fd01::1" : "10.1.0.1";
            const std::string to = ipv6 ? "fd02::2" : "10.2.0.2";
            ownership.claim_route(from, to, kernel);
            ownership.claim_route(to, from, kernel);
            Tool(world->client, {"ping", "-n", "-q", "-c", "3", "-i", "0.02", to}).must_succeed();
            const int stream = open_socket(client, ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM);
            client.try_call(
                [](int fd, Address address) {
                    return connect(fd, reinterpret_cast<sockaddr*>(&address.storage),
                                   address.length);
                },
                stream, make_address(to, 9));
            const int datagram = connected_socket(client, make_address(to, 9), SOCK_DGRAM);
            say(client, datagram, "to nobody");
            client.try_call(
                [](int fd) {
                    char byte = 0;
                    return recv(fd, &byte, 1, 0);
                },
                datagram);
        }
    };
}

// The kernel asks for its neighbours.
void play_neighbours(const Stage& stage, Ownership& ownership) {
    for (const Path& path : stage.paths()) {
        if (path.loopback) {
            continue;
        }
        path.client.ip("neigh flush dev veth0");
        Actor client(path.client, "client");
        Actor server(path.server, "server");
        const int to = bound_socket(server, path.server_at(0), SOCK_DGRAM);
        const uint16_t port = local_port(server, to);
        const int from = connected_socket(client, path.server_at(port), SOCK_DGRAM);
        pass(client, from, server, to, "makes the kernel ask");
        ownership.claim_flow("udp", path, local_port(client, from), client.who(), port,
                             server.who());
    }
}

}  // namespace

void add_container(Scenarios& all) {
    all.push_back({"container-out", 108, prepare_outgoing});
    all.push_back({"container-ping", 32, prepare_ping});
    all.push_back({"container-published-port", 44, prepare_published});
    all.push_back({"redirected-port", 20, prepare_redirected});
    all.push_back({"forwarded", 43, prepare_forwarded});
    all.push_back({"kernel-answers", 18, prepare_kernel});
    all.push_back(from_scratch("ask-for-neighbour", 3, play_neighbours));
}

}  // namespace bench
