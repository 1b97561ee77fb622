// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "capture/clock.h"

namespace cmd {
namespace {

using pcapng::Fd;

constexpr std::chrono::seconds kStatusEvery{10};

// The value of a variable, which is removed.
std::string take_variable(const char* name) {
    const char* value = getenv(name);
    std::string taken = value != nullptr ? value : "";
    unsetenv(name);
    return taken;
}

std::optional<uint64_t> number_in(const std::string& text) {
    uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && at == end ? std::optional(number) : std::nullopt;
}

// A path, or "@" and a name of the abstract namespace. Other kinds of address aren't for us.
Fd connect_to(const std::string& address) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (address.size() < 2 || address.size() >= sizeof(name.sun_path) ||
        (address.front() != '/' && address.front() != '@')) {
        return {};
    }
    memcpy(name.sun_path, address.data(), address.size());
    if (address.front() == '@') {
        name.sun_path[0] = '\0';
    }
    Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    if (socket.valid() &&
        connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0) {
        socket.reset();
    }
    return socket;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
    const std::string address = take_variable("NOTIFY_SOCKET");
    const auto interval = number_in(take_variable("WATCHDOG_USEC"));
    const std::string pid = take_variable("WATCHDOG_PID");
    ServiceManager manager;
    manager.socket_ = connect_to(address);
    const bool is_ours = pid.empty() || number_in(pid) == static_cast<uint64_t>(getpid());
    if (interval && *interval > 0 && is_ours) {
        manager.watchdog_ = std::chrono::microseconds(*interval);
    }
    return manager;
}

void ServiceManager::send(std::string_view lines) {
    if (present()) {
        (void)::send(socket_.get(), lines.data(), lines.size(), MSG_NOSIGNAL);
    }
}

void ServiceManager::ready(std::string_view status) {
    send(fmt::format("READY=1\nSTATUS={}", status));
}

void ServiceManager::reloading() {
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reading the configuration",
                     capture::clock_ns(CLOCK_MONOTONIC) / 1000));
}

void ServiceManager::stopping() {
    send("STOPPING=1\nSTATUS=taking the hooks off");
}

void ServiceManager::alive(Clock::time_point now) {
    if (watchdog_ && now >= next_alive_) {
        next_alive_ = now + *watchdog_ / 3;
        send("WATCHDOG=1");
    }
}

void ServiceManager::update(std::string_view status, Clock::time_point now) {
    next_status_ = now + kStatusEvery;
    send(fmt::format("STATUS={}", status));
}

}  // namespace cmd
