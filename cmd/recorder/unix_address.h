// SPDX-License-Identifier: GPL-2.0-only
//
// The address of a Unix socket, from its path. Pure.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "pcapng/result.h"

namespace cmd {

// Error: the path is too long for one.
inline pcapng::Result<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        return pcapng::errno_error("use the socket " + path, ENAMETOOLONG);
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

}  // namespace cmd
