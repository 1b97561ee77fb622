// SPDX-License-Identifier: GPL-2.0-only
//
// Packets to try filters on: every protocol that pcap-filter(7) has a word for, with addresses and
// ports of which expressions use the same few, some cut, some with bytes that are wrong.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace test {

using Bytes = std::vector<uint8_t>;
using Random = std::mt19937;

// At least 15 bytes each: the kernel runs programs on no less (an Ethernet header, and not nothing
// behind it).
Bytes make_ethernet_packet(Random& random);
Bytes make_ip_packet(Random& random);
Bytes make_sll2_packet(Random& random);

template <typename Make>
std::vector<Bytes> make_packets(uint32_t seed, size_t count, Make make) {
    Random random(seed);
    std::vector<Bytes> packets;
    while (packets.size() < count) {
        packets.push_back(make(random));
    }
    return packets;
}

std::string hexadecimal(const Bytes& bytes);

// The packet with a tag in its bytes.
Bytes with_tag(const Bytes& packet, uint16_t protocol, uint16_t tci);
// The packet as it is once the kernel has taken off its outer tag, if it has one.
Bytes without_tag(const Bytes& packet);

}  // namespace test
