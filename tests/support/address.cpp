// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/address.h"

#include <arpa/inet.h>

#include <stdexcept>

namespace test {

Address make_address(const std::string& text, uint16_t port) {
    Address address;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address.length = sizeof(*v4);
    } else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        address.length = sizeof(*v6);
    } else {
        throw std::runtime_error("no address: " + text);
    }
    return address;
}

}  // namespace test
