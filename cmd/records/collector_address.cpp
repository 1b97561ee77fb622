// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/records/collector_address.h"

#include <fmt/format.h>
#include <netdb.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "cmd/recorder/unix_address.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using pcapng::Error;
using pcapng::Result;

// HOST:PORT, with an IPv6 address in brackets.
Result<CollectorAddress> look_up(std::string_view option, const std::string& text,
                                 std::string_view host_and_port, int type) {
    const auto wrong = [&](std::string_view what) {
        return Error{fmt::format("{} {}: {}", option, packet::printable(text), what)};
    };
    const size_t colon = host_and_port.rfind(':');
    if (colon == host_and_port.npos || colon == 0 || colon + 1 == host_and_port.size()) {
        return wrong("HOST:PORT is missing; an IPv6 address stands in brackets");
    }
    std::string host(host_and_port.substr(0, colon));
    const std::string port(host_and_port.substr(colon + 1));
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    addrinfo hints{};
    hints.ai_socktype = type;
    addrinfo* found = nullptr;
    if (const int code = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0) {
        return wrong(gai_strerror(code));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
    CollectorAddress address{.text = packet::printable(text), .type = type};
    std::memcpy(&address.address, found->ai_addr, found->ai_addrlen);
    address.length = found->ai_addrlen;
    return address;
}

}  // namespace

Result<pcapng::Fd> CollectorAddress::make_socket() const {
    pcapng::Fd fd(::socket(address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return fd.valid() ? Result<pcapng::Fd>(std::move(fd))
                      : pcapng::errno_error("make a socket for " + text, errno);
}

Result<CollectorAddress> stream_address(std::string_view option, const std::string& text) {
    constexpr std::string_view kUnix = "unix:";
    constexpr std::string_view kTcp = "tcp:";
    if (text.starts_with(kTcp)) {
        return look_up(option, text, std::string_view(text).substr(kTcp.size()), SOCK_STREAM);
    }
    if (!text.starts_with(kUnix) || text.size() == kUnix.size()) {
        return Error{fmt::format("{} {}: neither unix:PATH nor tcp:HOST:PORT", option,
                                 packet::printable(text))};
    }
    const auto path = unix_address(text.substr(kUnix.size()));
    if (!path) {
        return path.error();
    }
    CollectorAddress address{.text = packet::printable(text)};
    std::memcpy(&address.address, &*path, sizeof(*path));
    address.length = sizeof(*path);
    return address;
}

Result<CollectorAddress> datagram_address(std::string_view option, const std::string& text) {
    return look_up(option, text, text, SOCK_DGRAM);
}

}  // namespace cmd
