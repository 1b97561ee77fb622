// SPDX-License-Identifier: GPL-2.0-only
//
// ControlSocket: the Unix socket on which a recorder is asked: a line of JSON each way, then the
// connection ends. Only root and the user who started the recorder get an answer, by the
// credentials that the kernel has of them; others get a refusal.
//
// No client holds the capture: nothing here waits, a request has at most kLongestRequest bytes and
// kPatience time, and connections are few. Removes its file at the end, if it still may. One
// thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

class ControlSocket {
  public:
    static constexpr size_t kLongestRequest = 4096;
    static constexpr size_t kMostConnections = 8;
    static constexpr std::chrono::milliseconds kPatience{2000};

    // Returns the answer to a request, without a line break and no longer than what a socket
    // takes at once.
    using Answer = std::function<std::string(std::string_view request, uid_t asking)>;

    // Listens at this path. Replaces the socket of a recorder that is gone. `owner`: whom it
    // answers, besides root. Error: a recorder of this name is running.
    static pcapng::Result<ControlSocket> open(const std::string& path, uid_t owner);

    ControlSocket(ControlSocket&& other) noexcept = default;
    ControlSocket& operator=(ControlSocket&&) = delete;
    ~ControlSocket();

    // What to wait for. Changes with each serve().
    std::vector<int> fds() const;

    // Accepts, reads and answers what is there.
    void serve(const Answer& answer);

  private:
    using Clock = std::chrono::steady_clock;

    struct Connection {
        pcapng::Fd fd;
        uid_t uid;
        Clock::time_point until;
        std::string request = {};
    };

    ControlSocket(pcapng::Fd listener, std::string path, uid_t owner)
        : listener_(std::move(listener)), path_(std::move(path)), owner_(owner) {}

    bool accepts() const {
        return connections_.size() < kMostConnections && Clock::now() >= next_accept_;
    }
    void accept_one();
    // Returns whether the connection is done.
    bool read(Connection& connection, const Answer& answer) const;

    pcapng::Fd listener_;
    std::string path_;
    uid_t owner_;
    std::vector<Connection> connections_;
    Clock::time_point next_accept_{};
};

}  // namespace cmd
