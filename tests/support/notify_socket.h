// SPDX-License-Identifier: GPL-2.0-only
//
// NotifySocket: the end of a service manager in sd_notify(3)'s protocol, as far as a service can
// tell: a socket that keeps what was sent to it.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "pcapng/fd.h"

namespace test {

class NotifySocket {
  public:
    // `address` as in NOTIFY_SOCKET: a path, or "@" and an abstract name.
    explicit NotifySocket(std::string address)
        : address_(std::move(address)),
          fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        if (address_.size() >= sizeof(name.sun_path)) {
            throw std::runtime_error("bind " + address_ + ": too long for a socket");
        }
        memcpy(name.sun_path, address_.data(), address_.size());
        if (address_.front() == '@') {
            name.sun_path[0] = '\0';
        }
        const auto length =
            static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
        if (bind(fd_.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0) {
            throw std::runtime_error("bind " + address_ + ": " + std::strerror(errno));
        }
    }

    const std::string& address() const { return address_; }

    // What has come since the last call, a message each.
    std::vector<std::string> heard() {
        std::vector<std::string> all;
        std::array<char, 4096> text;
        for (ssize_t count = 0; (count = recv(fd_.get(), text.data(), text.size(), 0)) >= 0;) {
            all.emplace_back(text.data(), static_cast<size_t>(count));
        }
        return all;
    }

    // Waits for a message that begins so, and returns it. What came before it is forgotten. Throws
    // if none has come when the service has ended.
    std::string wait_for(const std::string& begin, const std::function<bool()>& is_running) {
        for (bool more = true; more;) {
            more = is_running();
            pollfd ready{fd_.get(), POLLIN, 0};
            poll(&ready, 1, 100);
            std::array<char, 4096> text;
            const ssize_t count = recv(fd_.get(), text.data(), text.size(), 0);
            const std::string message(text.data(), count > 0 ? static_cast<size_t>(count) : 0);
            more = more || count > 0;
            if (count > 0 && message.starts_with(begin)) {
                return message;
            }
        }
        throw std::runtime_error("no message that begins with " + begin);
    }

  private:
    std::string address_;
    pcapng::Fd fd_;
};

}  // namespace test
