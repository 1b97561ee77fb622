// SPDX-License-Identifier: GPL-2.0-only
#include "tests/kernel/socket_calls.h"

#include <poll.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

namespace test {

pcapng::Fd make_socket(const Address& address, int type, int protocol) {
    pcapng::Fd fd(socket(address.family(), type | SOCK_CLOEXEC, protocol));
    REQUIRE(fd.valid());
    return fd;
}

int call_connect(const pcapng::Fd& fd, const Address& address) {
    return connect(fd.get(), address.get(), address.length) == 0 ? 0 : errno;
}

int call_bind(const pcapng::Fd& fd, const Address& address) {
    return bind(fd.get(), address.get(), address.length) == 0 ? 0 : errno;
}

int send_to(const pcapng::Fd& fd, const Address& address, size_t bytes) {
    const std::string data(bytes, 'x');
    const ssize_t sent =
        sendto(fd.get(), data.data(), data.size(), 0, address.get(), address.length);
    return sent >= 0 ? 0 : errno;
}

int error_of(const pcapng::Fd& fd) {
    int error = 0;
    socklen_t size = sizeof(error);
    REQUIRE(getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0);
    return error;
}

void wait_for_end(const pcapng::Fd& fd) {
    pollfd watched{fd.get(), POLLOUT, 0};
    REQUIRE(poll(&watched, 1, 60'000) == 1);
}

}  // namespace test
