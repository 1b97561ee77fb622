// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/progress.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::milliseconds kRedraw{250};
constexpr size_t kDefaultColumns = 80;
constexpr std::string_view kErase = "\r\x1b[K";

// A terminal that is stopped by ctrl-S must not stop the command.
void draw(int fd, std::string_view text) {
    pollfd room{fd, POLLOUT, 0};
    if (poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0) {
        (void)!write(fd, text.data(), text.size());
    }
}

}  // namespace

FileProgress::FileProgress(int fd, bool enabled)
    : fd_(fd), shows_(enabled && isatty(fd) == 1), next_(Clock::now() + kPatience) {}

void FileProgress::look(const forensics::Source& source) {
    if (is_due()) {
        show(file_progress_text(source.name(), source.bytes_read(), source.bytes_total(), packets_,
                                columns()));
    }
}

bool FileProgress::is_due() {
    const Clock::time_point now = Clock::now();
    if (now < next_) {
        return false;
    }
    next_ = now + kRedraw;
    return true;
}

void FileProgress::show(const std::string& text) {
    draw(fd_, std::string(kErase) + text);
    visible_ = true;
}

size_t FileProgress::columns() const {
    winsize size{};
    const bool told = ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return (told ? size.ws_col : kDefaultColumns) - 1;
}

void FileProgress::show_table(const std::string& file, uint64_t bytes_read) {
    constexpr double kMib = 1024 * 1024;
    const std::string text = fmt::format("{}: {:.1f} MiB", packet::printable(file),
                                         static_cast<double>(bytes_read) / kMib);
    show(text.substr(0, columns()));
}

void FileProgress::erase() {
    if (visible_) {
        draw(fd_, kErase);
        visible_ = false;
    }
}

std::string file_progress_text(const std::string& file, uint64_t bytes_read,
                               std::optional<uint64_t> bytes_total, uint64_t packets,
                               size_t columns) {
    constexpr double kMib = 1024 * 1024;
    // The decompressor may have read ahead, and the file may have grown.
    const uint64_t percent =
        bytes_total && *bytes_total > 0
            ? std::min<uint64_t>(100,
                                 static_cast<uint64_t>(100.0 * static_cast<double>(bytes_read) /
                                                       static_cast<double>(*bytes_total)))
            : 0;
    const std::string amount =
        bytes_total ? fmt::format("{}%", percent)
                    : fmt::format("{:.1f} MiB", static_cast<double>(bytes_read) / kMib);
    const std::string rest = fmt::format(": {}, {} packets", amount, packets);
    // The file's name is what can be missed: its end, with the numbers, stays.
    std::string name = packet::printable(file);
    if (name.size() + rest.size() > columns) {
        const size_t room = columns > rest.size() + 3 ? columns - rest.size() - 3 : 0;
        size_t from = name.size() - std::min(room, name.size());
        while (from < name.size() && (static_cast<unsigned char>(name[from]) & 0xc0) == 0x80) {
            from++;  // not within a character
        }
        name = "..." + name.substr(from);
    }
    return (name + rest).substr(0, columns);
}

}  // namespace cmd
