// SPDX-License-Identifier: GPL-2.0-only
//
// write_bytes: calls writev(2) until all is written, but doesn't wait for ever for a reader that
// takes nothing. The caller supplies a descriptor that becomes readable when it is time to stop,
// such as a signalfd; it is polled and never read. No state: any thread.
#pragma once

#include <sys/stat.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "pcapng/fd.h"

namespace pcapng {

// How long a reader may take nothing, once it is time to stop, before it is given up.
inline constexpr int kStopPatienceMs = 1000;

struct Written {
    size_t bytes = 0;
    int code = 0;  // 0: all of them; ECANCELED: the reader was given up; else an errno
};

// Returns `bytes` as a part for write_bytes().
inline iovec part_of(std::span<const uint8_t> bytes) {
    return {const_cast<uint8_t*>(bytes.data()), bytes.size()};
}

// Returns true for a regular file and /dev/null: no write to them waits for a reader.
bool has_no_reader(const struct stat& status);

// Writes the parts, IOV_MAX at most, one after the other. Takes what is written off the parts, so
// that a second call goes on where the first failed.
// `stop_fd` -1: waits as long as it takes. With a stop_fd, a pipe, socket or terminal that isn't
// non-blocking gets at most PIPE_BUF bytes at a time, so that writev(2) itself doesn't wait.
Written write_bytes(int fd, std::span<iovec> parts, int stop_fd);
Written write_bytes(int fd, std::span<const uint8_t> bytes, int stop_fd);

// Returns another descriptor of the same file, or an invalid one with errno set. For a pipe, fifo
// or terminal it is non-blocking and, if possible, has its own open file description (open(2)):
// O_NONBLOCK on a description that is shared with other processes, as stdout is, would affect them.
Fd nonblocking_copy(int fd);

}  // namespace pcapng
