// SPDX-License-Identifier: GPL-2.0-only
//
// Fd: a file descriptor that closes itself. Sole owner; movable, not copyable.
#pragma once

#include <unistd.h>

#include <utility>

namespace pcapng {

class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}  // takes ownership; a negative fd owns nothing
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }  // the caller closes it
    void reset() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }

  private:
    int fd_ = -1;
};

}  // namespace pcapng
