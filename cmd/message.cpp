// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/message.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace cmd {
namespace {

// For each message. A capture's rings hold what comes meanwhile.
constexpr int kPatienceMs = 100;

// Whether standard error is the stream to the journal that JOURNAL_STREAM ("DEVICE:INODE") names:
// it may have been redirected since.
bool is_journal() {
    const char* stream = getenv("JOURNAL_STREAM");
    struct stat status {};
    return stream != nullptr && fstat(STDERR_FILENO, &status) == 0 &&
           fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

void write_all(std::string_view text) {
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

}  // namespace

std::string journal_lines(std::string_view text, Priority priority) {
    constexpr std::string_view kProgram = "pidcap: ";
    std::string lines;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        line.remove_prefix(line.starts_with(kProgram) ? kProgram.size() : 0);
        lines += fmt::format("<{}>{}\n", static_cast<int>(priority), line);
    }
    return lines;
}

void write_message(std::string_view text, Priority priority) {
    if (is_journal()) {
        write_all(journal_lines(text, priority));
    } else {
        write_all(text);
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
