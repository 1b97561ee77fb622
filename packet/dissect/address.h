// SPDX-License-Identifier: GPL-2.0-only
//
// Address: an IPv4 or IPv6 address, and one with a name. Passive data; pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace packet {

struct Address {
    std::array<uint8_t, 16> bytes{};
    uint8_t length = 0;  // 4 or 16

    bool operator==(const Address&) const = default;
};
std::string to_text(const Address& address);  // RFC 5952
// "10.0.0.1:443", "[::1]:443" (RFC 3986, 3.2.2).
std::string to_text(const Address& address, uint16_t port);

// `bytes`: 4 or 16, as a header has them.
Address address_of(std::span<const std::byte> bytes);

inline constexpr size_t kMaxName = 255;

struct NamedAddress {
    std::string name = {};  // kMaxName bytes at most, any bytes
    Address address = {};
};

}  // namespace packet
