// SPDX-License-Identifier: GPL-2.0-only
//
// Calls on sockets, and what this process is told of them. Each returns 0, or errno.
#pragma once

#include <cstddef>

#include "pcapng/fd.h"
#include "tests/support/address.h"

namespace test {

pcapng::Fd make_socket(const Address& address, int type = SOCK_STREAM, int protocol = 0);
int call_connect(const pcapng::Fd& fd, const Address& address);
int call_bind(const pcapng::Fd& fd, const Address& address);
int send_to(const pcapng::Fd& fd, const Address& address, size_t bytes);
int error_of(const pcapng::Fd& fd);       // SO_ERROR
void wait_for_end(const pcapng::Fd& fd);  // of an attempt to connect, or for an error

}  // namespace test
