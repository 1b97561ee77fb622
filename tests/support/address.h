// SPDX-License-Identifier: GPL-2.0-only
//
// An address and port of IPv4 or IPv6, for calls on sockets.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace test {

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;

    int family() const { return storage.ss_family; }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// Throws if the text is no address.
Address make_address(const std::string& text, uint16_t port);

}  // namespace test
