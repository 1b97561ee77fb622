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

#include "packet/dissect/network.h"
#include "packet/dissect/transport.h"

namespace packet {

template <typename... Args>
void append(fmt::memory_buffer& out, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

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
bool append_transport(fmt::memory_buffer& out, const Network& network, bool quiet);
void append_icmp(fmt::memory_buffer& out, const Network& network, bool quiet);
void append_icmp6(fmt::memory_buffer& out, const Network& network, bool quiet);

// The packet that an ICMP error quotes: "(UDP 10.0.0.1.40000 > 10.0.0.2.53)".
void append_quoted(fmt::memory_buffer& out, Piece packet);

}  // namespace packet
