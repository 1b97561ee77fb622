// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/write_bytes.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

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
// next writev(2) reports an error, if any.
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
           !has_no_reader(status);
}

// Takes `bytes` off the parts. Returns those that aren't empty then.
std::span<iovec> without(std::span<iovec> parts, size_t bytes) {
    while (!parts.empty() && bytes >= parts.front().iov_len) {
        bytes -= std::exchange(parts.front().iov_len, 0);
        parts = parts.subspan(1);
    }
    if (bytes > 0) {
        parts.front().iov_base = static_cast<uint8_t*>(parts.front().iov_base) + bytes;
        parts.front().iov_len -= bytes;
    }
    return parts;
}

}  // namespace

bool has_no_reader(const struct stat& status) {
    const dev_t null = makedev(1, 3);  // Documentation/admin-guide/devices.txt
    return S_ISREG(status.st_mode) || (S_ISCHR(status.st_mode) && status.st_rdev == null);
}

Written write_bytes(int fd, std::span<iovec> parts, int stop_fd) {
    const bool small = stop_fd >= 0 && write_may_wait(fd);
    size_t written = 0;
    while (!(parts = without(parts, 0)).empty()) {
        if (small && !wait_for_room(fd, stop_fd)) {
            return {written, ECANCELED};
        }
        const iovec& first = parts.front();
        const ssize_t count =
            small ? ::write(fd, first.iov_base, std::min<size_t>(first.iov_len, PIPE_BUF))
                  : ::writev(fd, parts.data(), static_cast<int>(parts.size()));
        const int code = count < 0 ? errno : EIO;  // a write of nothing must not loop for ever
        if (count > 0) {
            written += static_cast<size_t>(count);
            parts = without(parts, static_cast<size_t>(count));
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

Written write_bytes(int fd, std::span<const uint8_t> bytes, int stop_fd) {
    iovec part = part_of(bytes);
    return write_bytes(fd, std::span(&part, 1), stop_fd);
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
