// SPDX-License-Identifier: GPL-2.0-only
//
// HelperProcess: a child that does one thing for this process, confined, over a pair of sockets
// (SOCK_SEQPACKET). It inherits no other descriptor but those it is given, and no signal reaches it
// but SIGKILL: Ctrl-C is for the capture, which ends it. It ends with its parent, however that
// ends. One thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <utility>
#include <vector>

#include "capture/confinement/confinement.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

class HelperProcess {
  public:
    // Returns when the socket is at its end.
    using Serve = std::function<void(int socket)>;

    // Forks a process called `name` (at most 15 bytes). It runs `prepare`, which opens what it
    // needs, confines itself and runs what `prepare` returned. Returns an error if that fails. Of
    // our descriptors it has those in `kept`.
    static pcapng::Result<HelperProcess> start(
        const char* name, const Confinement& confinement,
        const std::function<pcapng::Result<Serve>()>& prepare, const std::vector<int>& kept = {});

    HelperProcess(HelperProcess&& other) noexcept
        : pid_(std::exchange(other.pid_, -1)), socket_(std::move(other.socket_)) {}
    HelperProcess& operator=(HelperProcess&&) = delete;
    HelperProcess(const HelperProcess&) = delete;
    HelperProcess& operator=(const HelperProcess&) = delete;
    ~HelperProcess();  // kills it

    int socket() const { return socket_.get(); }
    pid_t pid() const { return pid_; }

  private:
    HelperProcess(pid_t pid, pcapng::Fd socket) : pid_(pid), socket_(std::move(socket)) {}

    pid_t pid_;
    pcapng::Fd socket_;
};

// For a helper that forks: makes this process end with its parent. False: that has ended already.
bool end_with_parent(pid_t parent);

}  // namespace capture
