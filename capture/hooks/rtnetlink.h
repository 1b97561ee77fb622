// SPDX-License-Identifier: GPL-2.0-only
//
// The rtnetlink socket that interfaces.h is built on: receives datagrams and lists all links. A
// socket answers for the network namespace that it was opened in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "capture/hooks/interfaces.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

// Opens a socket. `groups` are RTMGRP_ bits, `flags` SOCK_ flags.
Result<pcapng::Fd> open_rtnetlink(uint32_t groups, int flags);

class RtnetlinkBuffer {
  public:
    // Reads one datagram from the kernel, which is valid until the next call. Ignores datagrams
    // from other processes. An error carries the errno: EAGAIN if a non-blocking socket has no
    // datagram, ENOBUFS if some were lost.
    Result<std::span<const std::byte>> receive(int fd);

  private:
    // The kernel fills a dump's datagrams up to 32 KiB when the reader's buffer allows it. One
    // interface takes more if it has hundreds of altnames: the buffer grows then.
    static constexpr size_t kUsual = 32768;

    std::vector<std::byte> bytes_ = std::vector<std::byte>(kUsual);
};

// Returns all links by ifindex. Blocks until the kernel has listed them. Nothing else may be using
// `fd`.
Result<std::map<uint32_t, Interface>> list_links(int fd);

}  // namespace capture
