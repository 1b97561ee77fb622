// SPDX-License-Identifier: GPL-2.0-only
//
// Devices that decide who gets a packet: a server that is bound to one and is asked by a client on
// the same host, and a container whose device is a macvlan on the host's.
#include <net/if.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>

#include "tests/attribution/scenario.h"

namespace bench {
namespace {

using namespace test;

// A host whose packets to its own addresses, all of them d0's, go by lo.
struct Host {
    Netns host;
    Netns beyond;

    Host() {
        connect_by_veth({host, "d0", "10.93.0.1/24", "fd93::1/64"},
                        {beyond, "d1", "10.93.0.2/24", "fd93::2/64"});
        host.ip("address add fe80::93/64 dev d0 nodad");
    }

    Address own(const std::string& address, uint16_t port) const {
        Address made = make_address(address, port);
        if (address.starts_with("fe80")) {
            const InNetns inside(host);
            reinterpret_cast<sockaddr_in6*>(&made.storage)->sin6_scope_id = if_nametoindex("d0");
        }
        return made;
    }
};

void bind_to_device(Actor& actor, int fd, const std::string& device) {
    actor.call(
        [](int which, Text name) {
            return setsockopt(which, SOL_SOCKET, SO_BINDTODEVICE, name.c_str(),
                              static_cast<socklen_t>(strlen(name.c_str())));
        },
        fd, Text(device));
}

// A socket on any address, or on `local`; for TCP it listens.
int serve(Actor& actor, const Address& local, int type, const std::string& device) {
    const int fd = open_socket(actor, local.family(), type);
    if (!device.empty()) {
        bind_to_device(actor, fd, device);
    }
    bind_to(actor, fd, local);
    if (type == SOCK_STREAM) {
        actor.call([](int which) { return listen(which, 10); }, fd);
    }
    return fd;
}

// A server that is bound to the device, and one on the same port that is bound to lo.
struct Servers {
    Actor server;
    Actor decoy;
    int fd;
    uint16_t port;

    Servers(const Netns& host, bool ipv6, int type)
        : server(host, "on-device"), decoy(host, "on-lo"), fd(0), port(0) {
        const char* any = ipv6 ? "::" : "0.0.0.0";
        fd = serve(server, make_address(any, 0), type, "d0");
        port = local_port(server, fd);
        serve(decoy, make_address(any, port), type, "lo");
    }
};

void ask(const Host& world, const std::string& address, int type, Actor& server, int fd,
         uint16_t port, Ownership& ownership) {
    Actor client(world.host, "client");
    const int from = connected_socket(client, world.own(address, port), type);
    const char* protocol = type == SOCK_STREAM ? "tcp" : "udp";
    ownership.claim_conversation(protocol, {address, local_port(client, from)}, {address, port},
                                 // By flow: a last packet that comes again, to TIME_WAIT.
                                 {{client.who()}, {server.who()}, {}, {"socket", "flow"}});
    const int to = type == SOCK_STREAM ? accept_from(server, fd) : fd;
    for (int i = 0; i < 3; i++) {
        say(client, from, "question");
        hear_and_answer(server, to, "answer");
        hear(client, from);
    }
    close_in(client, from);
    if (type == SOCK_STREAM) {
        hear_end(server, to);
        close_in(server, to);
        settle(world.host);
    }
}

const std::string kOwnAddresses[] = {"10.93.0.1", "fd93::1", "fe80::93"};

// `before`: the servers are there before the start.
Play prepare_bound(Stage& stage, bool before) {
    const auto world = std::make_shared<Host>();
    stage.capture({before ? "bound-before" : "bound", world->host, {"lo"}});
    const auto make = [world] {
        std::vector<std::unique_ptr<Servers>> all;
        for (const std::string& address : kOwnAddresses) {
            for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
                all.push_back(std::make_unique<Servers>(
                    world->host, address.find(':') != std::string::npos, type));
            }
        }
        return all;
    };
    const auto kept = std::make_shared<std::vector<std::unique_ptr<Servers>>>();
    if (before) {
        *kept = make();
    }
    return [world, kept, make, before](Ownership& ownership) {
        if (!before) {
            *kept = make();
        }
        size_t next = 0;
        for (const std::string& address : kOwnAddresses) {
            for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
                Servers& servers = *(*kept)[next++];
                ask(*world, address, type, servers.server, servers.fd, servers.port, ownership);
            }
        }
    };
}

// An address of its own counts for more than the device.
Play prepare_own_address(Stage& stage) {
    const auto world = std::make_shared<Host>();
    stage.capture({"own-address", world->host, {"lo"}});
    return [world](Ownership& ownership) {
        for (const std::string& address : kOwnAddresses) {
            Actor server(world->host, "on-address");
            Actor decoy(world->host, "on-device");
            const int fd = serve(server, world->own(address, 0), SOCK_DGRAM, "");
            const uint16_t port = local_port(server, fd);
            serve(decoy,
                  make_address(address.find(':') != std::string::npos ? "::" : "0.0.0.0", port),
                  SOCK_DGRAM, "d0");
            ask(*world, address, SOCK_DGRAM, server, fd, port, ownership);
        }
    };
}

// container (m0, a macvlan on p0) - [p0 host] - o0 outside.
struct Macvlan {
    Netns host;
    Netns outside;
    Netns container;

    Macvlan() {
        connect_by_veth({host, "p0", "10.94.0.1/24", "fd94::1/64"},
                        {outside, "o0", "10.94.0.2/24", "fd94::2/64"});
        host.ip("link add m0 link p0 netns " + container.path() + " type macvlan mode bridge");
        container.ip("link set m0 addrgenmode none");
        container.ip("address add 10.94.0.3/24 dev m0");
        container.ip("address add fd94::3/64 dev m0 nodad");
        container.ip("link set m0 up");
    }
};

Play prepare_macvlan(Stage& stage) {
    std::shared_ptr<Macvlan> world;
    try {
        world = std::make_shared<Macvlan>();
    } catch (const std::exception& problem) {
        throw Skip(std::string("no macvlan here: ") + problem.what());
    }
    stage.capture({"macvlan", world->host, {"p0"}});
    return [world](Ownership& ownership) {
        for (const bool ipv6 : {false, true}) {
            const std::string inner = ipv6 ? "fd94::3" : "10.94.0.3";
            const std::string outer = ipv6 ? "fd94::2" : "10.94.0.2";
            Actor client(world->container, "inside");
            Actor server(world->outside, "outside");
            // It has the port on the host, but not the datagrams.
            Actor other(world->host, "on-the-host");
            const int fd = bound_socket(server, make_address(outer, 0), SOCK_DGRAM);
            const uint16_t port = local_port(server, fd);
            const int from = connected_socket(client, make_address(outer, port), SOCK_DGRAM);
            const uint16_t client_port = local_port(client, from);
            bound_socket(other, make_address(ipv6 ? "::" : "0.0.0.0", client_port), SOCK_DGRAM);
            ownership.claim_conversation(
                "udp", {inner, client_port}, {outer, port},
                {{client.who()}, {server.who()}, {}, {"socket", "flow"}, {server.who().pid}});
            for (int i = 0; i < 3; i++) {
                say(client, from, "question");
                hear_and_answer(server, fd, "answer");
                hear(client, from);
            }
        }
    };
}

}  // namespace

void add_device(Scenarios& all) {
    all.push_back(
        {"bound-to-device", 60, [](Stage& stage) { return prepare_bound(stage, false); }});
    all.push_back(
        {"bound-to-device-before", 60, [](Stage& stage) { return prepare_bound(stage, true); }});
    all.push_back({"bound-to-own-address", 18, prepare_own_address});
    all.push_back({"macvlan", 12, prepare_macvlan});
}

}  // namespace bench
