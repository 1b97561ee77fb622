// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cassert>
#include <cstring>

namespace packet {

std::string to_text(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = address.length == 4 ? AF_INET : AF_INET6;
    inet_ntop(family, address.bytes.data(), text.data(), text.size());
    return text.data();
}

std::string to_text(const Address& address, uint16_t port) {
    const std::string text = to_text(address);
    return address.length == 16 ? fmt::format("[{}]:{}", text, port)
                                : fmt::format("{}:{}", text, port);
}

Address address_of(std::span<const std::byte> bytes) {
    Address address;
    assert(bytes.size() == 4 || bytes.size() == address.bytes.size());
    std::memcpy(address.bytes.data(), bytes.data(), bytes.size());
    address.length = static_cast<uint8_t>(bytes.size());
    return address;
}

}  // namespace packet
