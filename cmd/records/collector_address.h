// SPDX-License-Identifier: GPL-2.0-only
//
// Where flow records are sent: unix:PATH, tcp:HOST:PORT, or HOST:PORT of IPFIX over UDP. A name is
// looked up once, when this is made: a running capture asks no server.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

struct CollectorAddress {
    std::string text;  // as it was given
    int type = SOCK_STREAM;
    sockaddr_storage address{};
    socklen_t length = 0;

    // A socket for it that doesn't wait and isn't connected.
    pcapng::Result<pcapng::Fd> make_socket() const;
};

// The error names `option`.
pcapng::Result<CollectorAddress> stream_address(std::string_view option, const std::string& text);
pcapng::Result<CollectorAddress> datagram_address(std::string_view option, const std::string& text);

}  // namespace cmd
