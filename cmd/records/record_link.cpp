// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/records/record_link.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

namespace cmd {
namespace {

using forensics::LostRecords;

// How often it is looked whether what was written has been taken.
constexpr std::chrono::milliseconds kConfirm{20};

// After this long without an acknowledgment a TCP connection is taken for broken.
constexpr unsigned kTcpPatienceMs = 30'000;

bool is_ready(int fd, short events) {
    pollfd watched{fd, events, 0};
    return poll(&watched, 1, 0) == 1 && (watched.revents & events) != 0;
}

// Whether a connection is over in both directions. The peer may have shut down its own alone.
bool has_hung_up(int fd) {
    pollfd watched{fd, 0, 0};
    return poll(&watched, 1, 0) == 1;
}

int socket_error(int fd) {
    int code = 0;
    socklen_t length = sizeof(code);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno;
}

}  // namespace

void RecordLink::push(std::string line, const LostRecords& what) {
    bytes_ += line.size();
    lines_.push_back({std::move(line), what});
}

void RecordLink::add(std::string line, const LostRecords& what) {
    if (bytes_ + line.size() > buffer_bytes_) {
        lost_.add(what);
        untold_.add(what);
        return;
    }
    tell_lost();
    push(std::move(line), what);
}

void RecordLink::tell_lost() {
    if (untold_.records > 0) {
        const LostRecords told = std::exchange(untold_, {});
        push(lost_line_(told), {});
    }
}

LostRecords RecordLink::waiting() const {
    LostRecords all;
    for (const Line& line : lines_) {
        all.add(line.what);
    }
    return all;
}

void RecordLink::connect(Clock::time_point now) {
    auto fd = address_.make_socket();
    if (!fd) {
        broken(now, fd.error().code);
        return;
    }
    fd_ = *std::move(fd);
    if (address_.address.ss_family != AF_UNIX) {
        (void)setsockopt(fd_.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kTcpPatienceMs,
                         sizeof(kTcpPatienceMs));
    }
    const auto* address = reinterpret_cast<const sockaddr*>(&address_.address);
    if (::connect(fd_.get(), address, address_.length) == 0) {
        connected();
    } else if (errno == EINPROGRESS) {
        state_ = State::kConnecting;
    } else {
        broken(now, errno);
    }
}

void RecordLink::connected() {
    state_ = State::kConnected;
    wait_ = kFirstWait;
    if (std::exchange(complained_, false)) {
        notices_.push_back(fmt::format("{}: connected", address_.text));
    }
}

// What this connection didn't take is for the next one.
void RecordLink::broken(Clock::time_point now, int code) {
    if (!std::exchange(complained_, true)) {
        notices_.push_back(fmt::format("{}: {}; tried again until it takes records", address_.text,
                                       code != 0 ? std::generic_category().message(code)
                                                 : std::string("the connection has ended")));
    }
    fd_.reset();
    state_ = State::kApart;
    written_ = 0;
    offset_ = 0;
    sent_bytes_ = 0;
    taken_bytes_ = 0;
    next_try_ = now + wait_;
    wait_ = std::min(2 * wait_, kLongestWait);
}

// Returns false while it isn't connected.
bool RecordLink::finish_connecting(Clock::time_point now) {
    if (!is_ready(fd_.get(), POLLOUT | POLLERR | POLLHUP)) {
        return false;
    }
    if (const int code = socket_error(fd_.get()); code != 0) {
        broken(now, code);
        return false;
    }
    connected();
    return true;
}

void RecordLink::write(Clock::time_point now) {
    while (written_ < lines_.size()) {
        const std::string& line = lines_[written_].text;
        const ssize_t put =
            ::send(fd_.get(), line.data() + offset_, line.size() - offset_, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        if (put < 0) {
            broken(now, errno);
            return;
        }
        sent_bytes_ += static_cast<uint64_t>(put);
        offset_ += static_cast<size_t>(put);
        if (offset_ == line.size()) {
            ++written_;
            offset_ = 0;
        }
    }
}

// A socket that closes throws away what it hasn't read, which looks as if it were taken; but it has
// hung up before.
void RecordLink::confirm(Clock::time_point now) {
    int untaken = 0;
    const bool known = ioctl(fd_.get(), SIOCOUTQ, &untaken) == 0;
    if (has_hung_up(fd_.get())) {
        broken(now, socket_error(fd_.get()));
        return;
    }
    // A Unix socket counts the memory of what waits, which is more than its bytes.
    const auto waiting = static_cast<uint64_t>(std::max(untaken, 0));
    const uint64_t taken = known && waiting < sent_bytes_ ? sent_bytes_ - waiting : 0;
    while (written_ > 0 && taken_bytes_ + lines_.front().text.size() <= taken) {
        taken_bytes_ += lines_.front().text.size();
        bytes_ -= lines_.front().text.size();
        lines_.pop_front();
        --written_;
        ++taken_;
    }
}

void RecordLink::serve(Clock::time_point now) {
    if (state_ == State::kApart && now >= next_try_) {
        connect(now);
    }
    if (state_ == State::kConnecting && !finish_connecting(now)) {
        return;
    }
    if (state_ == State::kConnected) {
        confirm(now);
    }
    if (state_ == State::kConnected) {
        write(now);
    }
}

int RecordLink::milliseconds_left(Clock::time_point now) const {
    if (state_ == State::kApart) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_try_ - now).count();
        return static_cast<int>(std::max<int64_t>(left, 0));
    }
    return lines_.empty() ? -1 : static_cast<int>(kConfirm.count());
}

void RecordLink::wait_for(size_t bytes, std::chrono::milliseconds patience,
                          std::chrono::milliseconds most) {
    if (bytes_ <= bytes) {
        return;
    }
    uint64_t taken = taken_;
    const auto begin = Clock::now();
    auto since = begin;
    next_try_ = since;
    wait_ = kFirstWait;
    while (bytes_ > bytes) {
        const auto now = Clock::now();
        serve(now);
        if (std::exchange(taken, taken_) != taken_) {
            since = now;
        }
        if (now - since >= patience || now - begin >= most) {
            return;
        }
        if (bytes_ > bytes) {
            std::this_thread::sleep_for(kConfirm);
        }
    }
}

}  // namespace cmd
