// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/write_all.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace cmd {

pcapng::Result<void> write_all(int fd, std::string_view text, const char* what) {
    while (!text.empty()) {
        const ssize_t written = write(fd, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<size_t>(written));
        } else if (errno == EAGAIN) {
            pollfd room{fd, POLLOUT, 0};
            (void)poll(&room, 1, -1);  // whatever it says, the next write says it better
        } else if (errno != EINTR) {
            return pcapng::errno_error(fmt::format("write to {}", what), errno);
        }
    }
    return {};
}

}  // namespace cmd
