// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/input.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pcapng {
namespace {

constexpr size_t kReadSize = size_t{256} * 1024;

class FdSource : public ByteSource {
  public:
    FdSource(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

    Result<size_t> read(std::span<uint8_t> into) override {
        for (;;) {
            const ssize_t got = ::read(fd_.get(), into.data(), into.size());
            if (got >= 0) {
                return static_cast<size_t>(got);
            }
            if (errno == EAGAIN) {
                pollfd ready = {.fd = fd_.get(), .events = POLLIN, .revents = 0};
                (void)::poll(&ready, 1, -1);
            } else if (errno != EINTR) {
                return errno_error("read " + name_, errno);
            }
        }
    }

  private:
    Fd fd_;
    std::string name_;
};

}  // namespace

std::unique_ptr<ByteSource> source_of(Fd fd, std::string name) {
    return std::make_unique<FdSource>(std::move(fd), std::move(name));
}

Result<Input> Input::open_file(const std::string& path) {
    int fd = -1;
    do {
        fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        return errno_error("open " + path, errno);
    }
    return from_fd(Fd(fd), path);
}

Input Input::from_fd(Fd fd, std::string name) {
    auto source = source_of(std::move(fd), name);
    return {std::move(source), {}, std::move(name)};
}

Input Input::from_source(std::unique_ptr<ByteSource> source, std::string name) {
    return {std::move(source), {}, std::move(name)};
}

Input Input::from_memory(std::span<const uint8_t> bytes, std::string name) {
    return {nullptr, bytes, std::move(name)};
}

Input::Input(std::unique_ptr<ByteSource> source, std::span<const uint8_t> memory, std::string name)
    : source_(std::move(source)), name_(std::move(name)), ready_(memory) {}

void Input::exchange_buffer(std::vector<uint8_t>& with) {
    assert(source_ != nullptr);
    with.resize(std::max(with.size(), ready_.size()));
    std::copy(ready_.begin(), ready_.end(), with.begin());
    buffer_.swap(with);
    buffered_ = ready_.size();
    ready_ = std::span(buffer_).first(buffered_);
}

// Reads until `count` bytes are ready or the input ends. The buffer doubles as data arrive; one
// that a large `count` has made isn't filled for a small one.
Result<void> Input::fill(size_t count) {
    if (!ready_.empty()) {
        std::memmove(buffer_.data(), ready_.data(), ready_.size());
    }
    buffered_ = ready_.size();
    Result<void> done;
    while (buffered_ < count) {
        if (buffered_ == buffer_.size()) {
            buffer_.resize(std::max(kReadSize, 2 * buffer_.size()));
        }
        const size_t most = std::max(count, kReadSize);
        Result<size_t> got = source_->read(
            std::span(buffer_).first(std::min(buffer_.size(), most)).subspan(buffered_));
        if (!got.ok()) {
            done = std::move(got).error();
            break;
        }
        if (*got == 0) {
            break;
        }
        buffered_ += *got;
    }
    ready_ = std::span(buffer_).first(buffered_);
    return done;
}

}  // namespace pcapng
