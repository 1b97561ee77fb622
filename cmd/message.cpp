// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/message.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace cmd {
namespace {

// For each message. A capture's rings hold what comes meanwhile.
constexpr int kPatienceMs = 100;

}  // namespace

void write_message(std::string_view text) {
    while (!text.empty()) {
        pollfd room{STDERR_FILENO, POLLOUT, 0};
        const int ready = poll(&room, 1, kPatienceMs);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready != 1 || (room.revents & POLLOUT) == 0) {
            return;
        }
        // A pipe that is writable takes so much without waiting.
        const ssize_t count =
            write(STDERR_FILENO, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
        if (count > 0) {
            text.remove_prefix(static_cast<size_t>(count));
        } else if (count == 0 || errno != EINTR) {
            return;
        }
    }
}

void hold_standard_streams() {
    // A new descriptor has the lowest free number. With O_PATH it can be neither read nor written.
    int fd = -1;
    do {
        fd = open("/", O_PATH | O_CLOEXEC);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        close(fd);
    }
}

bool stdout_takes_data() {
    const int flags = fcntl(STDOUT_FILENO, F_GETFL);
    return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
}

}  // namespace cmd
