// SPDX-License-Identifier: GPL-2.0-only
//
// Packets made by hand for the tests of the decoder. Checksums are zero: nothing here reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace test {

using Bytes = std::vector<std::byte>;

inline Bytes bytes(std::initializer_list<unsigned> values) {
    Bytes out;
    for (const unsigned value : values) {
        out.push_back(static_cast<std::byte>(value));
    }
    return out;
}

// As a packet's data.
inline std::span<const uint8_t> octets(const Bytes& bytes) {
    return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

inline Bytes operator+(Bytes left, const Bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

inline Bytes be16(size_t value) {
    return bytes({static_cast<unsigned>(value >> 8) & 0xff, static_cast<unsigned>(value) & 0xff});
}

inline Bytes be32(uint32_t value) {
    return be16(value >> 16) + be16(value & 0xffff);
}

inline Bytes ethernet(unsigned type, const Bytes& payload) {
    return bytes({2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}) + be16(type) + payload;
}

// A tag, to stand before the type of what it tags.
inline Bytes vlan(unsigned id, unsigned type, const Bytes& payload) {
    return be16(id) + be16(type) + payload;
}

// 10.0.0.1 > 10.0.0.2; `fragment` is the field with the flags and the offset.
inline Bytes ipv4(unsigned protocol, const Bytes& payload, unsigned fragment = 0) {
    return bytes({0x45, 0}) + be16(20 + payload.size()) + be16(77) + be16(fragment) +
           bytes({64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}) + payload;
}

// fd00::1 > fd00::2
inline Bytes ipv6(unsigned next, const Bytes& payload) {
    const Bytes net = bytes({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    return bytes({0x60, 0, 0, 0}) + be16(payload.size()) + bytes({next, 64}) + net + bytes({1}) +
           net + bytes({2}) + payload;
}

inline Bytes tcp(unsigned flags, uint32_t sequence, uint32_t ack, size_t length) {
    return be16(40000) + be16(40001) + be32(sequence) + be32(ack) + bytes({0x50, flags}) +
           be16(502) + be32(0) + Bytes(length);
}

inline Bytes udp(size_t length) {
    return be16(40000) + be16(40001) + be16(8 + length) + be16(0) + Bytes(length);
}

// Type, code, checksum, two words, and data.
inline Bytes icmp(unsigned type, unsigned code, unsigned first, unsigned second,
                  const Bytes& data) {
    return bytes({type, code, 0, 0}) + be16(first) + be16(second) + data;
}

}  // namespace test
