// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/status_line.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <numeric>
#include <string_view>

namespace cmd {
namespace {

constexpr std::chrono::milliseconds kRedraw{250};
constexpr size_t kDefaultColumns = 80;

size_t terminal_columns(int fd) {
    winsize size{};
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kDefaultColumns;
}

// Text that is not worth waiting or failing for: a terminal stopped by ctrl-S must not stop the
// capture.
void draw(int fd, std::string_view text) {
    pollfd room{fd, POLLOUT, 0};
    if (poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0) {
        (void)!write(fd, text.data(), text.size());
    }
}

}  // namespace

std::string size_text(uint64_t bytes) {
    static constexpr std::array<std::string_view, 5> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes < 1024) {
        return fmt::format("{} B", bytes);
    }
    double size = static_cast<double>(bytes) / 1024;
    size_t unit = 0;
    // 1023.95 would be shown as 1024.0.
    while (size >= 1023.95 && unit + 1 < kUnits.size()) {
        size /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

Progress progress_of(const std::vector<packet::InterfaceCounters>& counters) {
    Progress progress;
    for (const packet::InterfaceCounters& interface : counters) {
        progress.count.add(interface);
        progress.bytes += interface.captured_bytes;
        progress.dropped +=
            std::accumulate(interface.dropped.begin(), interface.dropped.end(), uint64_t{0});
    }
    return progress;
}

std::string progress_text(const Progress& progress, size_t columns) {
    std::string text = fmt::format("{}, {}, {} dropped", progress.count.text(),
                                   size_text(progress.bytes), progress.dropped);
    if (progress.file_bytes) {
        text += fmt::format(", file {}", size_text(*progress.file_bytes));
    }
    if (text.size() > columns) {
        text.resize(columns);
    }
    return text;
}

std::string summary_text(const std::vector<packet::InterfaceCounters>& counters) {
    static constexpr std::array<std::string_view, packet::kDropCauses> kCauses{"ring full",
                                                                               "copy failed"};
    packet::PacketCount captured;
    uint64_t dropped = 0;
    std::array<uint64_t, packet::kDropCauses> by_cause{};
    for (const packet::InterfaceCounters& interface : counters) {
        captured.add(interface);
        for (size_t cause = 0; cause < by_cause.size(); ++cause) {
            by_cause[cause] += interface.dropped[cause];
            dropped += interface.dropped[cause];
        }
    }
    std::string causes;
    for (size_t cause = 0; cause < by_cause.size(); ++cause) {
        if (by_cause[cause] > 0) {
            causes += fmt::format("{}{}: {}", causes.empty() ? " (" : ", ", kCauses[cause],
                                  by_cause[cause]);
        }
    }
    return fmt::format("{} captured, {} dropped{}{}", captured.text(), dropped, causes,
                       causes.empty() ? "" : ")");
}

bool wants_status_line(bool stderr_is_terminal, bool stdout_is_terminal, bool prints_packets,
                       bool quiet) {
    return stderr_is_terminal && !quiet && !(prints_packets && stdout_is_terminal);
}

void StatusLine::update(const Progress& progress, Clock::time_point now) {
    if (!due(now)) {
        return;
    }
    next_ = now + kRedraw;
    // Not the last column: some terminals wrap there. \x1b[K erases what an earlier line left.
    const size_t columns = terminal_columns(fd_);
    draw(fd_, "\r" + progress_text(progress, columns - 1) + "\x1b[K");
    shown_ = true;
}

void StatusLine::erase() {
    if (shown_) {
        draw(fd_, "\r\x1b[K");
        shown_ = false;
        next_ = {};
    }
}

}  // namespace cmd
