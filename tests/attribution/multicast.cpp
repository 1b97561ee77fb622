// SPDX-License-Identifier: GPL-2.0-only
//
// Datagrams to several: with one receiver, that is it; with two, the packet is nobody's in
// particular at that end.
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "tests/attribution/scenario.h"

namespace bench {
namespace {

using namespace test;

// A socket on the wildcard address and a port, also for what is sent to all.
int receiver(Actor& actor, const Path& path, uint16_t port) {
    return bound_socket(actor, path.any_at(port), SOCK_DGRAM);
}

void join(Actor& actor, int fd, const std::string& group, const std::string& interface) {
    actor.call(
        [](int which, Address address, Text name) {
            const unsigned index = if_nametoindex(name.c_str());
            if (address.family() == AF_INET6) {
                ipv6_mreq request{};
                request.ipv6mr_multiaddr =
                    reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_addr;
                request.ipv6mr_interface = index;
                return setsockopt(which, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request));
            }
            ip_mreqn request{};
            request.imr_multiaddr = reinterpret_cast<sockaddr_in*>(&address.storage)->sin_addr;
            request.imr_ifindex = static_cast<int>(index);
            return setsockopt(which, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request));
        },
        fd, make_address(group, 0), Text(interface));
}

void send_through(Actor& actor, int fd, const std::string& interface) {
    actor.call(
        [](int which, Text name) {
            const auto index = static_cast<int>(if_nametoindex(name.c_str()));
            const int on = 1;
            ip_mreqn request{};
            request.imr_ifindex = index;
            setsockopt(which, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index));
            setsockopt(which, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request));
            return setsockopt(which, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
        },
        fd, Text(interface));
}

void play_to(const Path& path, Ownership& ownership, const std::string& address, bool multicast,
             int receivers) {
    const std::string interface = path.loopback ? "lo" : "veth0";
    std::vector<std::unique_ptr<Actor>> actors;
    std::vector<int> fds;
    uint16_t port = 0;
    for (int i = 0; i < receivers; i++) {
        actors.push_back(std::make_unique<Actor>(path.server, "receiver" + std::to_string(i)));
        fds.push_back(receiver(*actors.back(), path, port));
        port = local_port(*actors.back(), fds.back());
        if (multicast) {
            join(*actors.back(), fds.back(), address, interface);
        }
    }
    if (receivers == 1) {
        ownership.claim("udp", address, port, actors.front()->who());
    }
    for (const auto& actor : actors) {
        ownership.claim_copy("udp", address, port, actor->who());
    }
    Actor sender(path.client, "sender-" + path.name);
    const int from = bound_socket(sender, path.client_at(0), SOCK_DGRAM);
    ownership.claim("udp", path.client_address, local_port(sender, from), sender.who());
    send_through(sender, from, interface);
    for (int i = 0; i < 3; i++) {
        say_to(sender, from, make_address(address, port), "to whom it may concern");
        for (size_t r = 0; r < actors.size(); r++) {
            hear(*actors[r], fds[r]);
        }
    }
}

void play_multicast(const Path& path, Ownership& ownership, int receivers) {
    // IPv6 delivers no multicast over lo.
    if (path.loopback && path.is_ipv6()) {
        return;
    }
    play_to(path, ownership, path.is_ipv6() ? "ff15::7b" : "239.7.7.7", true, receivers);
}

// The sender's host is a member, too: it gets a copy that never was on the wire.
void play_to_self(const Path& path, Ownership& ownership) {
    if (path.loopback) {
        return;
    }
    const std::string group = path.is_ipv6() ? "ff15::7c" : "239.7.7.8";
    Actor here(path.client, "member-here");
    Actor there(path.server, "member-there");
    const int in = receiver(there, path, 0);
    const uint16_t port = local_port(there, in);
    const int own = receiver(here, path, port);
    join(there, in, group, "veth0");
    join(here, own, group, "veth0");
    Actor sender(path.client, "sender-" + path.name);
    const int from = bound_socket(sender, path.client_at(0), SOCK_DGRAM);
    ownership.claim("udp", path.client_address, local_port(sender, from), sender.who());
    ownership.claim_copy("udp", group, port, here.who());
    ownership.claim_copy("udp", group, port, there.who());
    send_through(sender, from, "veth0");
    for (int i = 0; i < 3; i++) {
        say_to(sender, from, make_address(group, port), "to whom it may concern");
        hear(here, own);
        hear(there, in);
    }
}

void play_broadcast(const Path& path, Ownership& ownership, int receivers) {
    if (!path.is_ipv6()) {
        play_to(path, ownership, path.loopback ? "127.255.255.255" : "10.77.0.255", false,
                receivers);
    }
}

}  // namespace

void add_multicast(Scenarios& all) {
    for (const int receivers : {1, 2}) {
        const std::string suffix = receivers == 1 ? "-one" : "-several";
        all.push_back(on_each_path("multicast" + suffix, 15,
                                   [receivers](const Path& path, Ownership& ownership) {
                                       play_multicast(path, ownership, receivers);
                                   }));
        all.push_back(on_each_path("broadcast" + suffix, 9,
                                   [receivers](const Path& path, Ownership& ownership) {
                                       play_broadcast(path, ownership, receivers);
                                   }));
    }
    all.push_back(on_each_path("multicast-to-self", 12, play_to_self));
}

}  // namespace bench
