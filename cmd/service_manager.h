// SPDX-License-Identifier: GPL-2.0-only
//
// ServiceManager: what systemd, or whoever has set NOTIFY_SOCKET, wants to know of a service: when
// it is ready, that it is alive, a line of status. The protocol is that of sd_notify(3), which
// describes it for those who don't link libsystemd: datagrams of lines NAME=VALUE to a local
// socket.
//
// The socket is connected once, at the start: later the capture may not connect any more. A message
// that can't be sent is left out, as nothing depends on it here. One thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "pcapng/fd.h"

namespace cmd {

class ServiceManager {
  public:
    using Clock = std::chrono::steady_clock;

    // Nobody: does nothing.
    ServiceManager() = default;

    // By NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which it takes out of the environment: they
    // are for this process alone.
    static ServiceManager from_environment();

    bool present() const { return socket_.valid(); }

    void ready(std::string_view status);
    void reloading();  // followed by ready()
    void stopping();

    // Says that the loop goes round, three times within the watchdog's interval: call it in each
    // round.
    void alive(Clock::time_point now);

    // Whether update() would send: what it shows costs system calls to find out. At most once in
    // ten seconds.
    bool status_due(Clock::time_point now) const { return present() && now >= next_status_; }
    void update(std::string_view status, Clock::time_point now);

  private:
    void send(std::string_view lines);

    pcapng::Fd socket_;
    std::optional<std::chrono::microseconds> watchdog_;
    Clock::time_point next_alive_{};
    Clock::time_point next_status_{};
};

}  // namespace cmd
