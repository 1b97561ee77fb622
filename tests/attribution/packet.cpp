// SPDX-License-Identifier: GPL-2.0-only
//
// Below and beside TCP and UDP: packet sockets, raw sockets, SCTP, fragments, extension headers.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "tests/attribution/scenario.h"
#include "tests/attribution/tool.h"

namespace bench {
namespace {

using namespace test;

constexpr uint16_t kExperimental = 0x88b5;  // IEEE Std 802, for local experiments

// Takes frames of this type only; 0: none, it only sends.
int packet_socket(Actor& actor, const std::string& interface, uint16_t type) {
    return static_cast<int>(actor.call(
        [](Text name, uint16_t protocol) {
            const int fd = socket(AF_PACKET, SOCK_DGRAM, 0);
            sockaddr_ll address{};
            address.sll_family = AF_PACKET;
            address.sll_protocol = htons(protocol);
            address.sll_ifindex = static_cast<int>(if_nametoindex(name.c_str()));
            return bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 ? fd : -1;
        },
        Text(interface), type));
}

void send_frame(Actor& actor, int fd, const std::string& interface) {
    actor.call(
        [](int which, Text name) {
            sockaddr_ll to{};
            to.sll_family = AF_PACKET;
            to.sll_protocol = htons(kExperimental);
            to.sll_ifindex = static_cast<int>(if_nametoindex(name.c_str()));
            to.sll_halen = 6;
            memset(to.sll_addr, 0xff, 6);
            char text[100];
            const int length =
                snprintf(text, sizeof(text), "pid=%d tid=%d a frame", getpid(), getpid());
            return sendto(which, text, static_cast<size_t>(length), 0,
                          reinterpret_cast<sockaddr*>(&to), sizeof(to));
        },
        fd, Text(interface));
}

bool is_frame(const Packet& packet) {
    return packet.source.empty() && signature(packet).has_value();
}

// A sender of frames; on the veth a process of the far side takes them.
struct Framing {
    Actor sender;
    Actor listening;
    int out = -1;
    int local = -1;

    explicit Framing(const Stage& stage)
        : sender(stage.near(), "frame-sender"), listening(stage.far(), "frame-receiver") {
        out = packet_socket(sender, "veth0", 0);
        local = packet_socket(sender, "lo", 0);
    }

    void play(Ownership& ownership) {
        for (int i = 0; i < 3; i++) {
            send_frame(sender, out, "veth0");
            send_frame(sender, local, "lo");
        }
        const Who who = sender.who();
        ownership.set_rule([who](const Packet& packet) -> std::optional<Ends> {
            return is_frame(packet) ? std::optional(Ends{{who}, {}}) : std::nullopt;
        });
    }
};

Play prepare_frames_before(Stage& stage) {
    const auto framing = std::make_shared<Framing>(stage);
    return [framing](Ownership& ownership) { framing->play(ownership); };
}

void play_frames(const Stage& stage, Ownership& ownership) {
    Framing(stage).play(ownership);
}

void play_frame_receiver(const Stage& stage, Ownership& ownership) {
    Actor sender(stage.near(), "frame-sender");
    Actor taker(stage.far(), "frame-receiver");
    const int from = packet_socket(sender, "veth0", 0);
    const int to = packet_socket(taker, "veth0", kExperimental);
    for (int i = 0; i < 3; i++) {
        send_frame(sender, from, "veth0");
        hear(taker, to);
    }
    ownership.set_rule(
        [sends = sender.who(), takes = taker.who()](const Packet& packet) -> std::optional<Ends> {
            return is_frame(packet) ? std::optional(Ends{{sends}, {takes}}) : std::nullopt;
        });
}

// arping(8) asks for a neighbour by a packet socket of its own; the answer is the kernel's.
void play_arping(const Stage& stage, Ownership& ownership) {
    if (!Tool::exists("arping")) {
        throw Skip("no arping(8)");
    }
    Tool tool(stage.near(), {"arping", "-c", "2", "-I", "veth0", "10.77.0.2"});
    ownership.set_rule([who = tool.who()](const Packet& packet) -> std::optional<Ends> {
        if (packet.protocol != "arp") {
            return std::nullopt;
        }
        return packet.arp_target == "10.77.0.2" ? Ends{{who}, {}} : Ends{{}, {who}};
    });
    tool.must_succeed();
}

// A DHCP client without an address sends by a packet socket.
void play_dhcp(const Stage& stage, Ownership& ownership) {
    if (!Tool::exists("busybox")) {
        throw Skip("no busybox(1), whose udhcpc plays the DHCP client");
    }
    Actor server(stage.far(), "dhcp-server");
    const int to = bound_socket(server, make_address("0.0.0.0", 67), SOCK_DGRAM);
    Tool tool(stage.near(), {"busybox", "udhcpc", "-f", "-n", "-q", "-i", "veth0", "-t", "2", "-T",
                             "1", "-A", "1", "-s", "/bin/true"});
    ownership.set_rule(
        [client = tool.who(), takes = server.who()](const Packet& packet) -> std::optional<Ends> {
            if (packet.source_port != 68) {
                return std::nullopt;
            }
            return Ends{{client}, {takes}};
        });
    hear_many(server, to, 2);
    tool.process().wait();
}

// An IP protocol without ports, from and to a raw socket.
void play_raw_ip(const Path& path, Ownership& ownership) {
    constexpr int kProtocol = 253;  // RFC 3692, for experiments
    Actor sender(path.client, "raw-sender");
    Actor taker(path.server, "raw-receiver");
    const int from = open_socket(sender, path.family(), SOCK_RAW, kProtocol);
    const int to = open_socket(taker, path.family(), SOCK_RAW, kProtocol);
    for (int i = 0; i < 3; i++) {
        say_to(sender, from, path.server_at(0), "raw");
        hear(taker, to);
    }
    // On lo the sender's own socket gets a copy, too: nobody in particular is the receiver.
    const std::vector<Who> takers = path.loopback ? std::vector<Who>() : std::vector{taker.who()};
    ownership.claim_route(path.client_address, path.server_address, {{sender.who()}, takers});
}

void play_sctp(const Path& path, Ownership& ownership) {
    Actor client(path.client, "client-" + path.name);
    Actor server(path.server, "server-" + path.name);
    const int64_t probe = server.try_call(
        [](int family) { return socket(family, SOCK_STREAM, IPPROTO_SCTP); }, path.family());
    if (probe < 0) {
        throw Skip("this kernel has no SCTP");
    }
    const auto listening = static_cast<int>(probe);
    bind_to(server, listening, path.server_at(0));
    server.call([](int fd) { return listen(fd, 5); }, listening);
    const uint16_t port = local_port(server, listening);
    const int caller = open_socket(client, path.family(), SOCK_STREAM, IPPROTO_SCTP);
    connect_to(client, caller, path.server_at(port));
    const int accepted = accept_from(server, listening);
    ownership.claim_flow("sctp", path, local_port(client, caller), client.who(), port,
                         server.who());
    for (int i = 0; i < 3; i++) {
        pass(client, caller, server, accepted, "question");
        pass(server, accepted, client, caller, "answer");
    }
    close_in(client, caller);
    hear_end(server, accepted);
    close_in(server, accepted);
}

// A datagram with a hop-by-hop and a destination options header, of padding.
void play_extension_headers(const Path& path, Ownership& ownership) {
    if (!path.is_ipv6()) {
        return;
    }
    Actor client(path.client, "client-" + path.name);
    Actor server(path.server, "server-" + path.name);
    const int to = bound_socket(server, path.server_at(0), SOCK_DGRAM);
    const uint16_t port = local_port(server, to);
    const int from = connected_socket(client, path.server_at(port), SOCK_DGRAM);
    client.call(
        [](int fd) {
            const uint8_t options[8] = {0, 0, IP6OPT_PADN, 4, 0, 0, 0, 0};
            setsockopt(fd, IPPROTO_IPV6, IPV6_HOPOPTS, options, sizeof(options));
            return setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, options, sizeof(options));
        },
        from);
    ownership.claim_flow("udp", path, local_port(client, from), client.who(), port, server.who());
    for (int i = 0; i < 3; i++) {
        pass(client, from, server, to, "behind two headers");
    }
}

// Datagrams that are too large for one packet, there and back.
void play_fragments(const Path& path, Ownership& ownership) {
    if (path.loopback) {
        return;
    }
    Actor client(path.client, "client-" + path.name);
    Actor server(path.server, "server-" + path.name);
    const int to = bound_socket(server, path.server_at(0), SOCK_DGRAM);
    const int from = connected_socket(client, path.server_at(local_port(server, to)), SOCK_DGRAM);
    connect_to(server, to, path.client_at(local_port(client, from)));
    constexpr auto kSendLarge = [](int which) {
        char large[6000] = "unsigned";
        return write(which, large, sizeof(large));
    };
    for (int i = 0; i < 3; i++) {
        client.call(kSendLarge, from);
        hear(server, to);
        server.call(kSendLarge, to);
        hear(client, from);
    }
    ownership.claim_route(path.client_address, path.server_address,
                          {{client.who()}, {server.who()}});
    ownership.claim_route(path.server_address, path.client_address,
                          {{server.who()}, {client.who()}});
}

// The fragments of one datagram, the later one first, by a raw socket.
void play_fragments_reversed(const Path& path, Ownership& ownership) {
    if (path.loopback || path.is_ipv6()) {
        return;
    }
    Actor client(path.client, "client-" + path.name);
    Actor server(path.server, "server-" + path.name);
    const int to = bound_socket(server, path.server_at(0), SOCK_DGRAM);
    const int from = open_socket(client, AF_INET, SOCK_RAW, IPPROTO_RAW);
    for (int i = 0; i < 3; i++) {
        client.call(
            [](int fd, Address source, Address target, int id) {
                constexpr size_t kHeader = sizeof(iphdr);
                constexpr size_t kDatagram = 8 + 40;  // header and data of UDP
                constexpr size_t kFirst = 24;
                uint8_t datagram[kDatagram] = {};
                auto* ports = reinterpret_cast<uint16_t*>(datagram);
                ports[0] = htons(9);
                ports[1] = reinterpret_cast<sockaddr_in*>(&target.storage)->sin_port;
                ports[2] = htons(kDatagram);
                for (const bool first : {false, true}) {
                    const size_t begin = first ? 0 : kFirst;
                    const size_t length = first ? kFirst : kDatagram - kFirst;
                    uint8_t packet[kHeader + kDatagram] = {};
                    auto* ip = reinterpret_cast<iphdr*>(packet);
                    ip->version = 4;
                    ip->ihl = kHeader / 4;
                    ip->tot_len = htons(static_cast<uint16_t>(kHeader + length));
                    ip->id = htons(static_cast<uint16_t>(1000 + id));
                    ip->frag_off = htons(static_cast<uint16_t>(first ? IP_MF : begin / 8));
                    ip->ttl = 64;
                    ip->protocol = IPPROTO_UDP;
                    ip->saddr = reinterpret_cast<sockaddr_in*>(&source.storage)->sin_addr.s_addr;
                    ip->daddr = reinterpret_cast<sockaddr_in*>(&target.storage)->sin_addr.s_addr;
                    memcpy(packet + kHeader, datagram + begin, length);
                    if (sendto(fd, packet, kHeader + length, 0,
                               reinterpret_cast<sockaddr*>(&target.storage), target.length) < 0) {
                        return -1;
                    }
                }
                return 0;
            },
            from, path.client_at(0), local_address(server, to), i);
        hear(server, to);
    }
    ownership.claim_route(path.client_address, path.server_address,
                          {{client.who()}, {server.who()}});
}

}  // namespace

void add_packet(Scenarios& all) {
    all.push_back({"packet-socket-before", 8, prepare_frames_before});
    all.push_back(from_scratch("packet-socket", 8, play_frames));
    all.push_back(from_scratch("packet-socket-receiver", 5, play_frame_receiver));
    all.push_back(from_scratch("arping", 8, play_arping));
    all.push_back(from_scratch("dhcp-client", 3, play_dhcp));
    all.push_back(on_each_path("raw-ip", 16, play_raw_ip));
    all.push_back(on_each_path("sctp", 60, play_sctp));
    all.push_back(on_each_path("ipv6-extension-headers", 8, play_extension_headers));
    all.push_back(on_each_path("fragments", 100, play_fragments));
    all.push_back(on_each_path("fragments-reversed", 10, play_fragments_reversed));
}

}  // namespace bench
