// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/wireshark/toolbar.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "packet/line/terminal_text.h"

namespace extcap {
namespace {

using pcapng::Error;
using pcapng::Result;

constexpr char kSync = 'T';
constexpr size_t kHeader = 6;       // sync, length, control, command
constexpr size_t kCounted = 2;      // of the header, by the length
constexpr size_t kMost = 0xffff;    // of a length; no value of ours comes near
constexpr size_t kKept = 64 << 10;  // that Wireshark hasn't read

Result<pcapng::Fd> open_fifo(const std::string& path, int flags) {
    pcapng::Fd fd(::open(path.c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd.valid()) {
        return pcapng::errno_error("open the toolbar's " + packet::printable(path), errno);
    }
    struct stat status {};
    if (fstat(fd.get(), &status) != 0 || !S_ISFIFO(status.st_mode)) {
        return Error{fmt::format("open the toolbar's {}: not a fifo", packet::printable(path))};
    }
    return fd;
}

}  // namespace

std::string encode(const Message& message) {
    const std::string_view payload = std::string_view(message.payload).substr(0, kMost - kCounted);
    const size_t length = payload.size() + kCounted;
    std::string bytes = {kSync,
                         static_cast<char>(length >> 16 & 0xff),
                         static_cast<char>(length >> 8 & 0xff),
                         static_cast<char>(length & 0xff),
                         static_cast<char>(message.control),
                         static_cast<char>(message.command)};
    bytes += payload;
    return bytes;
}

Result<std::vector<Message>> take_messages(std::string& bytes) {
    std::vector<Message> messages;
    size_t at = 0;
    const auto byte = [&bytes, &at](size_t offset) {
        return static_cast<size_t>(static_cast<unsigned char>(bytes[at + offset]));
    };
    while (bytes.size() - at >= kHeader) {
        const size_t length = byte(1) << 16 | byte(2) << 8 | byte(3);
        if (bytes[at] != kSync || length < kCounted || length > kMost) {
            return Error{"the toolbar's fifo holds something else than its messages"};
        }
        const size_t end = at + kHeader - kCounted + length;
        if (end > bytes.size()) {
            break;
        }
        messages.push_back({static_cast<uint8_t>(byte(4)), static_cast<Command>(byte(5)),
                            bytes.substr(at + kHeader, length - kCounted)});
        at = end;
    }
    bytes.erase(0, at);
    return messages;
}

Result<Toolbar> Toolbar::open(const std::string& control_in, const std::string& control_out) {
    Toolbar toolbar;
    if (!control_in.empty()) {
        auto in = open_fifo(control_in, O_RDONLY);
        if (!in) {
            return std::move(in).error();
        }
        toolbar.in_ = *std::move(in);
    }
    if (!control_out.empty()) {
        // For reading too, because otherwise it can't be opened before Wireshark has.
        auto out = open_fifo(control_out, O_RDWR);
        if (!out) {
            return std::move(out).error();
        }
        toolbar.out_ = *std::move(out);
    }
    return toolbar;
}

std::vector<Message> Toolbar::hear() {
    std::array<char, 4096> part{};
    pollfd readable{in_.get(), POLLIN, 0};  // fd -1 is passed over
    if (poll(&readable, 1, 0) != 1) {
        return {};
    }
    const bool more = (readable.revents & POLLIN) != 0;
    const ssize_t got = more ? read(in_.get(), part.data(), part.size()) : 0;
    if (got <= 0) {
        in_ = pcapng::Fd();  // Wireshark has left
        return {};
    }
    met_ = true;
    heard_.append(part.data(), static_cast<size_t>(got));
    auto messages = take_messages(heard_);
    if (!messages) {
        in_ = pcapng::Fd();
        heard_.clear();
        return {};
    }
    return *std::move(messages);
}

void Toolbar::meet(int stop_fd, int most_ms) {
    std::array<pollfd, 2> watched{{{in_.get(), POLLIN, 0}, {stop_fd, POLLIN, 0}}};
    if (in_.valid() && !met_) {
        poll(watched.data(), watched.size(), most_ms);
    }
}

void Toolbar::say(const Message& message) {
    if (out_.valid() && unwritten_.size() < kKept) {
        unwritten_ += encode(message);
        flush();
    }
}

bool Toolbar::keeps_up() {
    flush();
    return unwritten_.empty();
}

void Toolbar::flush() {
    while (!unwritten_.empty()) {
        const ssize_t written = write(out_.get(), unwritten_.data(), unwritten_.size());
        if (written <= 0) {
            return;
        }
        unwritten_.erase(0, static_cast<size_t>(written));
    }
}

}  // namespace extcap
