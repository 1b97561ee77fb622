// SPDX-License-Identifier: GPL-2.0-only
//
// write_bytes: write(2) until all is written, without being held up for ever by a reader that takes
// nothing. The caller brings a descriptor that becomes readable when it is time to stop, such as a
// signalfd; it is polled and never read. No state: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pcapng/fd.h"

namespace pcapng {

// Once it is time to stop, a reader that takes nothing for so long is given up.
inline constexpr int kStopPatienceMs = 1000;

struct Written {
    size_t bytes = 0;
    int code = 0;  // 0: all of them; ECANCELED: the reader was given up; else the errno of write(2)
};

// `stop_fd` -1: waits as long as it takes. With a stop_fd, a pipe, socket or terminal that isn't
// non-blocking gets at most PIPE_BUF bytes at a time, so that write(2) itself doesn't wait.
Written write_bytes(int fd, std::span<const uint8_t> bytes, int stop_fd);

// Another descriptor of the same file. That of a pipe, fifo or terminal is non-blocking and has a
// description (open(2)) of its own where that can be had: O_NONBLOCK on a description shared with
// other processes, as stdout is, would be theirs too. Invalid on failure, with errno.
Fd nonblocking_copy(int fd);

}  // namespace pcapng
