// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/write_bytes.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace pcapng {
namespace {

int poll_again(pollfd* watched, nfds_t count, int timeout_ms) {
    int ready = 0;
    do {
        ready = ::poll(watched, count, timeout_ms);
    } while (ready < 0 && errno == EINTR);
    return ready;
}

// Returns false if it is time to stop and the reader takes nothing. Otherwise returns true; the
// next write(2) reports an error, if any.
bool wait_for_room(int fd, int stop_fd) {
    // poll(2) passes over a negative descriptor.
    std::array<pollfd, 2> watched = {pollfd{fd, POLLOUT, 0}, pollfd{stop_fd, POLLIN, 0}};
    if (poll_again(watched.data(), watched.size(), -1) < 0 || watched[0].revents != 0) {
        return true;
    }
    return poll_again(watched.data(), 1, kStopPatienceMs) != 0;
}

bool write_may_wait(int fd) {
    struct stat status = {};
    const int flags = ::fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) == 0 && ::fstat(fd, &status) == 0 &&
           !S_ISREG(status.st_mode);
}

}  // namespace

Written write_bytes(int fd, std::span<const uint8_t> bytes, int stop_fd) {
    const bool small = stop_fd >= 0 && write_may_wait(fd);
    size_t written = 0;
    while (written < bytes.size()) {
        if (small && !wait_for_room(fd, stop_fd)) {
            return {written, ECANCELED};
        }
        const size_t rest = bytes.size() - written;
        const ssize_t count =
            ::write(fd, bytes.data() + written, small ? std::min<size_t>(rest, PIPE_BUF) : rest);
        const int code = count < 0 ? errno : EIO;  // a write of nothing must not loop for ever
        if (count > 0) {
            written += static_cast<size_t>(count);
        } else if (code == EAGAIN || code == EWOULDBLOCK) {
            if (!wait_for_room(fd, stop_fd)) {
                return {written, ECANCELED};
            }
        } else if (code != EINTR) {
            return {written, code};
        }
    }
    return {written, 0};
}

Fd nonblocking_copy(int fd) {
    struct stat status = {};
    if (::fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || ::isatty(fd) != 0)) {
        const std::string path = "/proc/self/fd/" + std::to_string(fd);
        Fd own(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
        if (own.valid()) {
            return own;
        }
    }
    return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

}  // namespace pcapng
