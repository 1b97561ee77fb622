// SPDX-License-Identifier: GPL-2.0-only
//
// Raw sockets, whose processes write the addresses themselves: their own probes and the answers to
// those, and packets in the name of another.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "tests/attribution/scenario.h"

namespace bench {
namespace {

using namespace test;

// RFC 1071, over whole words.
uint16_t checksum(const uint8_t* bytes, size_t length, uint32_t sum = 0) {
    for (size_t i = 0; i + 1 < length; i += 2) {
        sum += static_cast<uint32_t>(bytes[i] << 8 | bytes[i + 1]);
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint16_t>(~sum);
}

struct Probe {
    Address from;  // its port
    Address to;
    uint8_t protocol = IPPROTO_UDP;
    uint8_t tcp_flags = 0;
};

uint16_t port_of(const Address& address) {
    return reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port;  // IPv6: likewise
}

// Sends a header without data by a raw socket. -1 with errno.
int64_t send_probe(Probe probe) {
    const bool ipv6 = probe.to.family() == AF_INET6;
    uint8_t header[20] = {};
    const size_t length = probe.protocol == IPPROTO_TCP ? 20 : 8;
    const uint16_t ports[] = {port_of(probe.from), port_of(probe.to)};
    std::memcpy(header, ports, sizeof(ports));
    const size_t at = probe.protocol == IPPROTO_TCP ? 16 : 6;  // of the checksum
    if (probe.protocol == IPPROTO_TCP) {
        header[12] = 5 << 4;
        header[13] = probe.tcp_flags;
    } else {
        header[5] = 8;
    }
    const int fd = socket(probe.to.family(), SOCK_RAW, probe.protocol);
    if (fd < 0) {
        return -1;
    }
    if (ipv6) {
        const int offset = static_cast<int>(at);
        setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &offset, sizeof(offset));
        reinterpret_cast<sockaddr_in6*>(&probe.to.storage)->sin6_port = 0;
    } else {
        uint8_t pseudo[12] = {};
        std::memcpy(pseudo, &reinterpret_cast<sockaddr_in*>(&probe.from.storage)->sin_addr, 4);
        std::memcpy(pseudo + 4, &reinterpret_cast<sockaddr_in*>(&probe.to.storage)->sin_addr, 4);
        pseudo[9] = probe.protocol;
        pseudo[11] = static_cast<uint8_t>(length);
        const auto sum =
            checksum(header, length, static_cast<uint16_t>(~checksum(pseudo, sizeof(pseudo))));
        header[at] = static_cast<uint8_t>(sum >> 8);
        header[at + 1] = static_cast<uint8_t>(sum);
    }
    const int64_t sent = sendto(fd, header, length, 0,
                                reinterpret_cast<sockaddr*>(&probe.to.storage), probe.to.length);
    const int error = errno;
    close(fd);
    errno = error;
    return sent;
}

// As nmap -sU and -sS do it, of ports that nobody has.
void play_probes(const Path& path, Ownership& ownership) {
    Actor scanner(path.client, "scanner");
    ownership.claim("udp", path.client_address, 4001, scanner.who());
    ownership.claim_error(path.client_address, 4001, scanner.who());
    ownership.claim("tcp", path.client_address, 4002, scanner.who());
    scanner.call([](Probe probe) { return send_probe(probe); },
                 Probe{path.client_at(4001), path.server_at(4003), IPPROTO_UDP, 0});
    scanner.call([](Probe probe) { return send_probe(probe); },
                 Probe{path.client_at(4002), path.server_at(4004), IPPROTO_TCP, TH_SYN});
    usleep(20'000);
}

// Three containers on a bridge; one sends a segment as if it came from another.
struct Bridge {
    Netns host;
    Netns server;
    Netns client;
    Netns attacker;

    Bridge() {
        host.ip("link add br0 type bridge mcast_snooping 0");
        host.ip("link set br0 addrgenmode none");
        join(server, "vs", "1");
        join(client, "vc", "2");
        join(attacker, "va", "3");
        host.ip("link set br0 up");
    }

    void join(const Netns& container, const std::string& name, const std::string& number) const {
        connect_by_veth({container, "eth0", "10.95.0." + number + "/24", "fd95::" + number + "/64"},
                        {host, name, "10.95.1." + number + "/32", "fd95:1::" + number + "/128"});
        host.ip("address flush dev " + name);
        host.ip("link set " + name + " master br0");
    }
};

// The header, too: the kernel would put the sender's own address there.
int64_t send_forged(Probe probe) {
    const int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    uint8_t packet[40] = {0x45, 0, 0, 40, 0, 1, 0, 0, 64, IPPROTO_TCP};
    std::memcpy(packet + 12, &reinterpret_cast<sockaddr_in*>(&probe.from.storage)->sin_addr, 4);
    std::memcpy(packet + 16, &reinterpret_cast<sockaddr_in*>(&probe.to.storage)->sin_addr, 4);
    const uint16_t ports[] = {port_of(probe.from), port_of(probe.to)};
    std::memcpy(packet + 20, ports, sizeof(ports));
    packet[32] = 5 << 4;
    packet[33] = TH_ACK | TH_URG;  // TH_URG: to be told by
    // Its checksum is wrong, so that nobody answers; the kernel fills in the header's.
    return fd < 0 ? -1
                  : sendto(fd, packet, sizeof(packet), 0,
                           reinterpret_cast<sockaddr*>(&probe.to.storage), probe.to.length);
}

Play prepare_forged(Stage& stage) {
    std::shared_ptr<Bridge> world;
    try {
        world = std::make_shared<Bridge>();
    } catch (const std::exception& problem) {
        throw Skip(std::string("no bridge here: ") + problem.what());
    }
    stage.capture({"forged", world->host, {"vs", "vc", "va"}});
    return [world](Ownership& ownership) {
        Actor server(world->server, "server");
        Actor client(world->client, "client");
        Actor attacker(world->attacker, "attacker");
        const int listening = listener(server, make_address("10.95.0.1", 80));
        const int caller = open_socket(client, AF_INET, SOCK_STREAM);
        bind_to(client, caller, make_address("10.95.0.2", 5555));
        attacker.call([](Probe probe) { return send_forged(probe); },
                      Probe{make_address("10.95.0.1", 80), make_address("10.95.0.2", 5555)});
        connect_to(client, caller, make_address("10.95.0.1", 80));
        const int accepted = accept_from(server, listening);
        pass(client, caller, server, accepted, "question");
        pass(server, accepted, client, caller, "answer");
        close_in(client, caller);
        hear_end(server, accepted);
        close_in(server, accepted);
        settle(world->server);
        settle(world->client);
        ownership.claim_conversation(
            "tcp", {"10.95.0.2", 5555}, {"10.95.0.1", 80},
            // Who has sent nothing yet isn't known behind a veth.
            {{client.who()}, {server.who()}, {}, {"socket", "flow"}, {server.who().pid}});
        const Who forger = attacker.who();
        ownership.set_rule([forger](const Packet& packet) -> std::optional<Ends> {
            if (!packet.has_flags(TH_URG)) {
                return std::nullopt;
            }
            // Whether a bridged packet still has its socket depends on the kernel.
            if (packet.interface == "va" || packet.self()) {
                return Ends{{forger}, {}, {}, {"socket"}};
            }
            return Ends{.sender = {}, .receiver = {}, .via = {"forwarded"}};
        });
    };
}

}  // namespace

void add_forged(Scenarios& all) {
    all.push_back(on_each_path("raw-probes", 20, play_probes));
    all.push_back({"forged-segment", 20, prepare_forged});
}

}  // namespace bench
