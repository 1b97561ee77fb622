// SPDX-License-Identifier: GPL-2.0-only
//
// Numbered datagrams: each payload starts with its number, and every byte of it follows from the
// number, so that a captured packet can be checked to the last byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pcapng/fd.h"

namespace test {

// The payload with this number, `size` bytes long.
std::vector<uint8_t> payload_of(uint32_t number, size_t size);

// Sends `count` of them on a connected socket, numbered from `first`; returns how many the kernel
// took. `cpu`: where to run meanwhile; -1: anywhere.
uint64_t send_numbered(const pcapng::Fd& socket, uint32_t first, uint32_t count, size_t size,
                       int cpu = -1);

// The same from every CPU at once, each on a socket of its own. Returns their sum.
uint64_t flood(const std::vector<pcapng::Fd>& sockets, uint32_t each, size_t size);

// The payload of an Ethernet frame with IPv4 and UDP; nothing if it is none.
std::optional<std::span<const uint8_t>> udp_payload(std::span<const uint8_t> frame);

int cpu_count();

}  // namespace test
