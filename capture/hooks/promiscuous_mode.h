// SPDX-License-Identifier: GPL-2.0-only
//
// PromiscuousMode: keeps interfaces of one network namespace in promiscuous mode, in which they
// take every packet that passes by, also those for other machines. Owns a socket that receives
// nothing: when its descriptor is closed, even by SIGKILL, the kernel takes back what was asked for
// by it. One thread.
#pragma once

#include <cstdint>
#include <utility>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

using pcapng::Result;

class PromiscuousMode {
  public:
    // Opens the socket in the namespace of this thread, which needs CAP_NET_RAW there. What comes
    // after needs no right.
    static Result<PromiscuousMode> open();

    // Puts an interface of the socket's namespace into promiscuous mode. The thread may be in
    // another one.
    Result<void> add(uint32_t ifindex) const;
    // Takes that back. Does nothing for an interface that is gone, which the kernel has seen to.
    void remove(uint32_t ifindex) const;

  private:
    explicit PromiscuousMode(pcapng::Fd socket) : socket_(std::move(socket)) {}
    pcapng::Fd socket_;
};

}  // namespace capture
