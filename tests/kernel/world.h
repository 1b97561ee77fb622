// SPDX-License-Identifier: GPL-2.0-only
//
// World: two network namespaces joined by a veth pair, captured at three places: lo and the veth of
// the near one, and the veth of the far one. Ownership: who should own which packet there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/kernel/traffic.h"
#include "tests/support/actor.h"
#include "tests/support/netns.h"
#include "tests/support/packets.h"
#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"

namespace test {

// A way from a client to a server.
struct Path {
    std::string name;  // "lo4", "lo6", "veth4", "veth6"
    const Netns& client;
    const Netns& server;
    std::string client_address;
    std::string server_address;
    bool loopback;

    Address server_at(uint16_t port) const { return make_address(server_address, port); }
    Address client_at(uint16_t port) const { return make_address(client_address, port); }
    Address any_at(uint16_t port) const { return make_address(is_ipv6() ? "::" : "0.0.0.0", port); }
    bool is_ipv6() const { return server_address.find(':') != std::string::npos; }
};

class World {
  public:
    World();

    const Netns& near() const { return near_; }
    const Netns& far() const { return far_; }
    std::vector<Path> paths() const;

    // Captures from here to stop(), which also reads the packets. Nothing may be lost meanwhile.
    void start(const std::vector<std::string>& arguments = {});
    void stop();

    const std::vector<Packet>& near_packets() const { return near_packets_; }
    const std::vector<Packet>& far_packets() const { return far_packets_; }

  private:
    TemporaryFolder folder_;
    Netns near_;
    Netns far_;
    std::unique_ptr<Process> near_run_;
    std::unique_ptr<Process> far_run_;
    std::vector<Packet> read(Process& run, const std::string& file) const;

    std::vector<Packet> near_packets_;
    std::vector<Packet> far_packets_;
};

// The processes at both ends of a packet: one of those named; none: no process.
struct Ends {
    std::vector<Who> sender;
    std::vector<Who> receiver;
};

class Ownership {
  public:
    // The process behind an address and port: one of those that claim it. And the one behind an
    // echo request's identifier.
    void claim(const std::string& protocol, const std::string& address, uint16_t port,
               const Who& who);
    void claim_echo(const std::string& requester, unsigned id, const Who& who);
    // A process that shares a socket with others. Signed data is of no other than who signed it;
    // "for=PID" in its note says who should be named as its receiver.
    void add_user(const Who& who) { users_[who.pid] = who; }
    // Both ends of a path's connection.
    void claim_flow(const std::string& protocol, const Path& path, uint16_t client_port,
                    const Who& client, uint16_t server_port, const Who& server);

    // Asked first; nullopt: the claims decide.
    using Rule = std::function<std::optional<Ends>(const Packet&)>;
    void set_rule(Rule rule) { rule_ = std::move(rule); }
    // What the claims say; nullopt: nothing.
    std::optional<Ends> by_claims(const Packet& packet) const;

    // Every packet has the owner it should have, and no other. A packet that nobody expects is a
    // failure too; ARP and neighbour discovery must be the kernel's.
    void check(const std::vector<Packet>& packets) const;
    void check(const World& world) const {
        check(world.near_packets());
        check(world.far_packets());
    }

  private:
    std::string wrong(const Packet& packet) const;
    Ends wide_claims(const Packet& packet) const;
    void narrow_by_signature(const Packet& packet, Ends& ends) const;

    std::map<std::tuple<std::string, std::string, uint16_t>, std::vector<Who>> claims_;
    std::map<uint32_t, Who> users_;
    std::map<std::pair<std::string, unsigned>, Who> echoes_;
    Rule rule_;
};

// For a note: who should be named as the receiver.
inline std::string for_user(const Actor& actor) {
    return "for=" + std::to_string(actor.pid());
}

// What differs, or nothing.
std::string difference(const NamedProcess& named, const Who& who);

// The packets for which `wanted` is true; fails the test if there are fewer than `least`.
std::vector<Packet> select(const std::vector<Packet>& packets,
                           const std::function<bool(const Packet&)>& wanted, size_t least = 1);

}  // namespace test
