// SPDX-License-Identifier: GPL-2.0-only
//
// Pair: two network namespaces joined by a veth pair, and the ways from a client to a server there.
#pragma once

#include <string>
#include <vector>

#include "tests/kernel/traffic.h"
#include "tests/support/netns.h"

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
    int family() const { return is_ipv6() ? AF_INET6 : AF_INET; }
};

struct Pair {
    Netns near;
    Netns far;

    Pair();
    // lo4 and lo6 in the near one, veth4 and veth6 from the near to the far one.
    std::vector<Path> paths() const;
};

}  // namespace test
