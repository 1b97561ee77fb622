// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/address.h"

#include <arpa/inet.h>

namespace packet {

std::string to_text(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = address.length == 4 ? AF_INET : AF_INET6;
    inet_ntop(family, address.bytes.data(), text.data(), text.size());
    return text.data();
}

}  // namespace packet
