// SPDX-License-Identifier: GPL-2.0-only
//
// The rtnetlink socket that interfaces.h is built on: receives datagrams and lists all links. A
// socket answers for the network namespace that it was opened in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

#include "capture/hooks/interfaces.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

// The kernel fills a dump's datagrams up to 32 KiB when the reader's buffer allows it.
inline constexpr size_t kRtnetlinkBuffer = 32768;

// Opens a socket. `groups` are RTMGRP_ bits, `flags` SOCK_ flags.
Result<pcapng::Fd> open_rtnetlink(uint32_t groups, int flags);

// Reads one datagram from the kernel into `buffer` and returns its length in bytes. Ignores
// datagrams from other processes. An error carries the errno: EAGAIN if a non-blocking socket has
// no datagram, ENOBUFS if some were lost.
Result<size_t> receive(int fd, std::span<std::byte> buffer);

// Returns all links by ifindex. Blocks until the kernel has listed them. Nothing else may be using
// `fd`.
Result<std::map<uint32_t, Interface>> list_links(int fd);

}  // namespace capture
