// SPDX-License-Identifier: GPL-2.0-only
//
// What the files decode*.cpp share. Internal to the decoder; each function appends to `out`.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "packet/dissect/checksum.h"
#include "packet/dissect/link.h"
#include "packet/dissect/network.h"
#include "packet/dissect/transport.h"
#include "packet/line/decode.h"

namespace packet {

template <typename... Args>
void append(fmt::memory_buffer& out, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

// What an IP packet is read with.
struct Decoding {
    const DecodeStyle& style;
    TcpSequences* sequences;
    Piece packet;  // from the IP header on

    bool verifies_checksums() const { return style.verbose > 0 && style.checksums; }
};

// What is wrong with an IP header, as read_network() found: "IP [|ip]".
void append_problem(fmt::memory_buffer& out, NetworkProblem problem, Piece packet,
                    const Network& network);

void append_address(fmt::memory_buffer& out, std::span<const std::byte> address);
void append_mac(fmt::memory_buffer& out, std::span<const std::byte> address);

// "10.0.0.1 > 10.0.0.2", with ".port" where ports are given.
void append_ends(fmt::memory_buffer& out, const Network& network, std::optional<Ports> ports);

// "TCP", or "proto 99" for those without a name here.
void append_protocol(fmt::memory_buffer& out, uint8_t protocol);

// "TCP 10.0.0.1.1 > 10.0.0.2.2: …" for each protocol that has a decoder; false for others.
bool append_transport(fmt::memory_buffer& out, const Network& network, const Decoding& decoding);
void append_tcp(fmt::memory_buffer& out, const Network& network, const Decoding& decoding);
void append_icmp(fmt::memory_buffer& out, const Network& network, const Decoding& decoding);
void append_icmp6(fmt::memory_buffer& out, const Network& network, const Decoding& decoding);

// "TCP 10.0.0.1.1 > 10.0.0.2.2: "
void append_start(fmt::memory_buffer& out, const Network& network, std::optional<Ports> ports);

// What -e shows: "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 74: ".
// Nothing of link types that it doesn't know. Ethernet's has the VLAN tags.
void append_link_header(fmt::memory_buffer& out, const Link& link, std::span<const std::byte> frame,
                        uint32_t wire_length, const DecodeStyle& style);

// What -v shows of an IP packet whose header is whole: "IP (tos 0x0, ttl 64, …) ".
void append_ip_header(fmt::memory_buffer& out, const Decoding& decoding);

// ", options [mss 1460,sackOK,…]" of TCP. `other_first`: see TcpSequences::Relative.
void append_tcp_options(fmt::memory_buffer& out, Piece options, uint32_t other_first);

// What follows the length of a segment or datagram: ": HTTP: GET / HTTP/1.1", ": TLS: example.com",
// " 7+ A? example.com. (29)". Nothing if it is none of these.
void append_tcp_payload(fmt::memory_buffer& out, Ports ports, Piece payload, int verbose);

// Whether DNS goes to or from this port. append_dns: "7+ A? example.com. (29)".
bool is_dns(Ports ports);
void append_dns(fmt::memory_buffer& out, Ports ports, Piece message, int verbose);

// The packet that an ICMP error quotes: "(UDP 10.0.0.1.40000 > 10.0.0.2.53)".
void append_quoted(fmt::memory_buffer& out, Piece packet);

}  // namespace packet
