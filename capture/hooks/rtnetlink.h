// SPDX-License-Identifier: GPL-2.0-only
//
// The socket underneath capture/interfaces: datagrams of rtnetlink, and the list of all links. A
// socket asks about the network namespace that it was opened in.
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

// `groups` are RTMGRP_ bits, `flags` SOCK_ flags.
Result<pcapng::Fd> open_rtnetlink(uint32_t groups, int flags);

// One datagram from the kernel into `buffer`; what other processes send is passed over. An error
// carries the errno: EAGAIN on a non-blocking socket without one, ENOBUFS when some were lost.
Result<size_t> receive(int fd, std::span<std::byte> buffer);

// Every link by ifindex; blocks until the kernel has told all. Nothing else may be using `fd`.
Result<std::map<uint32_t, Interface>> list_links(int fd);

}  // namespace capture
