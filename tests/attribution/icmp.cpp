// SPDX-License-Identifier: GPL-2.0-only
//
// ICMP: a ping's replies come to no socket, and errors are about packets of somebody's.
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <unistd.h>

#include <memory>
#include <set>

#include "tests/attribution/scenario.h"
#include "tests/attribution/tool.h"

namespace bench {
namespace {

using namespace test;

// A ping knows its identifier only after it has a socket, and a request says by its socket whose it
// is; so a reply's owner is that of the request that it answers. What makes a request's owner
// right: one of the pings to this address, and one identifier and sequence number, one ping.
class Pings {
  public:
    // `raw`: raw sockets get the replies to all of them.
    explicit Pings(bool raw) : raw_(raw) {}

    void add(const std::string& source, const std::string& target, const Who& who) {
        pings_[{source, target}].push_back(who);
    }

    std::optional<Ends> operator()(const Packet& packet) {
        const bool request = packet.icmp_type == 8 || packet.icmp_type == 128;
        const bool reply = packet.icmp_type == 0 || packet.icmp_type == 129;
        const auto found = pings_.find(request ? std::pair(packet.source, packet.destination)
                                               : std::pair(packet.destination, packet.source));
        if ((!request && !reply) || found == pings_.end()) {
            return std::nullopt;
        }
        auto& asked = asked_[{packet.place, found->first, packet.echo_id, packet.echo_sequence}];
        if (reply) {
            return Ends{.sender = {},
                        .receiver = asked,
                        .via = {asked.empty() ? "kernel" : "icmp-echo"},
                        .copies = raw_ ? found->second : std::vector<Who>()};
        }
        asked.clear();
        for (const Who& who : found->second) {
            if (packet.self() && packet.self()->pid == who.pid) {
                auto& ids = ids_[{packet.place, who.pid}];
                ids.insert(packet.echo_id);
                if (ids.size() == 1) {
                    asked = {who};
                }
            }
        }
        Ends ends{asked, {}, {}, {"socket"}};
        if (asked.empty()) {
            ends = packet.self() ? Ends{} : Ends{found->second, {}};
        }
        // ping(8) filters requests only once it has its raw socket.
        const auto asking_back = pings_.find({packet.destination, packet.source});
        if (raw_ && asking_back != pings_.end()) {
            ends.copies = asking_back->second;
        }
        return ends;
    }

  private:
    using Route = std::pair<std::string, std::string>;
    bool raw_;
    std::map<Route, std::vector<Who>> pings_;
    std::map<std::tuple<std::string, Route, unsigned, unsigned>, std::vector<Who>> asked_;
    std::map<std::pair<std::string, uint32_t>, std::set<unsigned>> ids_;
};

// Two at a time to the same host, and back from the other namespace.
void play_ping(const Stage& stage, Ownership& ownership, bool raw) {
    const char* group_range = raw ? "1 0" : "0 2147483647";  // of groups that need no raw socket
    stage.near().sysctl("ipv4/ping_group_range", group_range);
    stage.far().sysctl("ipv4/ping_group_range", group_range);
    Pings pings(raw);
    for (const Path& path : stage.paths()) {
        std::vector<std::unique_ptr<Tool>> parallel;
        const auto ping = [&](const Netns& netns, const std::string& from, const std::string& to) {
            parallel.push_back(std::make_unique<Tool>(
                netns, std::vector<std::string>{"ping", "-n", "-q", "-c", "5", "-i", "0.02", to}));
            pings.add(from, to, parallel.back()->who());
        };
        for (int i = 0; i < 2; i++) {
            ping(path.client, path.client_address, path.server_address);
            if (!path.loopback) {
                ping(path.server, path.server_address, path.client_address);
            }
        }
        for (const auto& running : parallel) {
            running->must_succeed();
        }
    }
    ownership.set_rule([pings](const Packet& packet) mutable { return pings(packet); });
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
void play_late_replies(const Stage& stage, Ownership& ownership) {
    const auto ignore = [&](const char* value) {
        for (const Netns* netns : {&stage.near(), &stage.far()}) {
            netns->sysctl("ipv4/icmp_echo_ignore_all", value);
            netns->sysctl("ipv6/icmp/echo_ignore_all", value);
        }
    };
    ignore("1");
    // By address; every raw socket gets a copy of all that comes to it.
    std::map<std::string, Who> answerers;
    std::map<std::string, std::vector<Who>> asking;
    for (const Path& path : stage.paths()) {
        Actor answerer(path.server, "answerer");
        const int from = echo_socket(answerer, path.family());
        answerers[path.server_address] = answerer.who();
        std::vector<std::unique_ptr<Actor>> askers;
        std::vector<int> fds;
        for (uint16_t id = 1; id <= 5; id++) {
            askers.push_back(std::make_unique<Actor>(path.client, "asker" + std::to_string(id)));
            const int fd = echo_socket(*askers.back(), path.family());
            fds.push_back(fd);
            send_echo(*askers.back(), fd, path.server_at(0), true, id);
            ownership.claim_echo(path.client_address, id, askers.back()->who());
            asking[path.client_address].push_back(askers.back()->who());
        }
        hear_many(answerer, from, 5);
        for (uint16_t id = 5; id > 0; id--) {
            send_echo(answerer, from, path.client_at(0), false, id);
        }
        // Every raw socket gets all five, and on lo also the requests since it was made.
        hear_many(*askers.back(), fds.back(), path.loopback ? 6 : 5);
    }
    ignore("0");
    ownership.set_rule(
        [&ownership, answerers, asking](const Packet& packet) -> std::optional<Ends> {
            auto ends = ownership.by_claims(packet);
            if (ends && (packet.icmp_type == 0 || packet.icmp_type == 129)) {
                ends->sender = {answerers.at(packet.source)};
                ends->copies = asking.at(packet.destination);
            } else if (ends) {
                ends->copies = {answerers.at(packet.destination)};
            }
            return ends;
        });
}

// The same addresses and identifiers in a namespace that isn't captured, at the same time.
void play_same_id(const Path& path, Ownership& ownership) {
    if (!path.loopback) {
        return;
    }
    const Netns elsewhere;
    Actor here(path.client, "asker-here");
    Actor there(elsewhere, "asker-elsewhere");
    const int fd = echo_socket(here, path.family());
    const int other_fd = echo_socket(there, path.family());
    ownership.claim_echo(path.client_address, 77, here.who());
    for (int i = 0; i < 5; i++) {
        send_echo(there, other_fd, path.server_at(0), true, 77);
        send_echo(here, fd, path.server_at(0), true, 77);
        send_echo(there, other_fd, path.server_at(0), true, 77);
    }
}

// Nobody has the port: the error is for who sent the datagram. The port was another process's a
// moment ago, which must not be named again.
void play_unreachable(const Path& path, Ownership& ownership) {
    Actor client(path.client, "client-" + path.name);
    uint16_t closed = 0;
    const int stale = bound_socket(client, path.client_at(0), SOCK_DGRAM);
    {
        Actor before(path.server, "before-" + path.name);
        const int datagrams = bound_socket(before, path.server_at(0), SOCK_DGRAM);
        closed = local_port(before, datagrams);
        say_to(client, stale, path.server_at(closed), "to somebody");
        hear_and_answer(before, datagrams, "from somebody");
        hear(client, stale);
        ownership.claim_conversation("udp", path, local_port(client, stale), client.who(), closed,
                                     before.who());
    }
    const int datagram = connected_socket(client, path.server_at(closed), SOCK_DGRAM);
    ownership.claim("udp", path.client_address, local_port(client, datagram), client.who());
    say(client, datagram, "to nobody");
    client.try_call(
        [](int which) {
            char byte = 0;
            return recv(which, &byte, 1, 0);
        },
        datagram);
    ownership.claim_error(path.client_address, local_port(client, datagram), client.who());
}

// client - router - server, as traceroute sees it; what the router sends back belongs to
// traceroute.
struct Route {
    Netns client;
    Netns router;
    Netns server;

    Route() {
        connect_by_veth({client, "c0", "10.81.0.1/24", "fd81::1/64"},
                        {router, "r0", "10.81.0.2/24", "fd81::2/64"});
        connect_by_veth({router, "r1", "10.82.0.1/24", "fd82::1/64"},
                        {server, "s0", "10.82.0.2/24", "fd82::2/64"});
        router.sysctl("ipv4/ip_forward", "1");
        router.sysctl("ipv6/conf/all/forwarding", "1");
        // A router asks for neighbours from a link-local address.
        router.ip("address add fe80::1/64 dev r0 nodad");
        router.ip("address add fe80::2/64 dev r1 nodad");
        client.ip("route add default via 10.81.0.2");
        client.ip("-6 route add default via fd81::2");
        server.ip("route add default via 10.82.0.1");
        server.ip("-6 route add default via fd82::1");
        for (const Netns* netns : {&client, &router, &server}) {
            netns->sysctl("ipv4/ping_group_range", "0 2147483647");
            // No pause between errors.
            netns->sysctl("ipv4/icmp_ratelimit", "0");
            netns->sysctl("ipv6/icmp/ratelimit", "0");
        }
    }
};

Play prepare_traceroute(Stage& stage, const std::vector<std::string>& options) {
    if (!Tool::exists("traceroute")) {
        throw Skip("no traceroute(8)");
    }
    const auto route = std::make_shared<Route>();
    const std::string place = "traceroute" + options.front();
    stage.capture({place, route->client, {"c0"}});
    return [route, options](Ownership& ownership) {
        std::map<std::string, Who> tools;  // by the client's address
        for (const bool ipv6 : {false, true}) {
            std::vector<std::string> command = {"traceroute", "-n", "-q", "2", "-w", "2"};
            command.insert(command.end(), options.begin(), options.end());
            command.insert(command.end(), {ipv6 ? "-6" : "-4", ipv6 ? "fd82::2" : "10.82.0.2"});
            Tool tool(route->client, command);
            tools[ipv6 ? "fd81::1" : "10.81.0.1"] = tool.who();
            tool.must_succeed();
        }
        ownership.set_rule([tools](const Packet& packet) -> std::optional<Ends> {
            if (is_neighbour_discovery(packet)) {
                return std::nullopt;
            }
            if (const auto from = tools.find(packet.source); from != tools.end()) {
                return Ends{{from->second}, {}, {}, {"socket"}};
            }
            const auto to = tools.find(packet.destination);
            if (to == tools.end()) {
                return std::nullopt;
            }
            return Ends{{}, {to->second}, {}, {is_icmp_error(packet) ? "icmp-error" : "icmp-echo"}};
        });
    };
}

}  // namespace

void add_icmp(Scenarios& all) {
    all.push_back(from_scratch(
        "ping-datagram-socket", 160,
        [](const Stage& stage, Ownership& ownership) { play_ping(stage, ownership, false); }));
    all.push_back(from_scratch(
        "ping-raw-socket", 160,
        [](const Stage& stage, Ownership& ownership) { play_ping(stage, ownership, true); }));
    all.push_back(from_scratch("ping-late-replies", 54, play_late_replies));
    all.push_back(on_each_path("ping-same-id-elsewhere", 18, play_same_id));
    all.push_back(on_each_path("port-unreachable", 21, play_unreachable));
    all.push_back(
        {"traceroute-udp", 20, [](Stage& stage) { return prepare_traceroute(stage, {"-U"}); }});
    all.push_back(
        {"traceroute-icmp", 20, [](Stage& stage) { return prepare_traceroute(stage, {"-I"}); }});
}

}  // namespace bench
