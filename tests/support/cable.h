// SPDX-License-Identifier: GPL-2.0-only
//
// Two network namespaces with a cable between them, for traffic that nobody else sees: IPv6 is off
// and neighbours are fixed, so that only what a test sends is on the wire.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "pcapng/fd.h"
#include "tests/support/netns.h"

namespace test {

// va (10.7.0.1) in a, vb (10.7.0.2) in b.
struct Cable {
    Netns a;
    Netns b;
    Cable();
};

inline constexpr const char* kAddressA = "10.7.0.1";
inline constexpr const char* kAddressB = "10.7.0.2";
inline constexpr std::array<uint8_t, 6> kMacA = {2, 0, 0, 0, 0, 10};
inline constexpr std::array<uint8_t, 6> kMacB = {2, 0, 0, 0, 0, 11};

// No IPv6 on this namespace's interfaces, now and later: nothing is sent behind the test's back.
void make_quiet(const Netns& netns);

// Runs a program in the namespace, which must succeed; the words are separated by spaces. Returns
// what it prints.
std::string run_in(const Netns& netns, const std::string& words);

// An IPv4 datagram socket in the namespace, bound to address:port (port 0: any).
pcapng::Fd udp_socket(const Netns& where, const char* address, uint16_t port = 0);
// Makes send(2) on it go there.
void connect_to(const pcapng::Fd& socket, const char* address, uint16_t port);
// tun7, a device without a link layer, up and with the address 10.8.0.1/24. What goes out by it can
// be read. It goes with the descriptor.
pcapng::Fd tun_device(const Netns& netns);
// A packet socket (all protocols) that sends on an interface, and receives what comes in there.
pcapng::Fd packet_socket(const Netns& where, const std::string& interface);

// A sender on lo of a namespace of its own, and a receiver that takes nothing.
struct Loopback {
    Netns netns;
    pcapng::Fd receiver = udp_socket(netns, "127.0.0.1", 9);
    pcapng::Fd sender = udp_socket(netns, "127.0.0.1");
    Loopback() { connect_to(sender, "127.0.0.1", 9); }
};

// The same from a to b over a cable.
struct Line {
    Cable cable;
    pcapng::Fd receiver = udp_socket(cable.b, kAddressB, 9);
    pcapng::Fd sender = udp_socket(cable.a, kAddressA);
    Line() { connect_to(sender, kAddressB, 9); }
};

}  // namespace test
