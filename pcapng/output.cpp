// SPDX-License-Identifier: GPL-2.0-only
#include "pcapng/output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "pcapng/write_bytes.h"

namespace pcapng {
namespace {

std::string open_hint(int code) {
    switch (code) {
        case EISDIR:
            return "; name a file in it";
        case ENOENT:
            return "; the folder must exist";
        default:
            return "";
    }
}

}  // namespace

Result<Output> Output::open_file(const std::string& path) {
    int fd = -1;
    do {
        fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        return open_error(path, errno);
    }
    return Output(Fd(fd), path, -1);
}

Error Output::open_error(const std::string& path, int code) {
    Error error = errno_error("open " + path, code);
    error.message += open_hint(code);
    return error;
}

Output Output::from_fd(Fd fd, std::string name, int stop_fd) {
    return Output(std::move(fd), std::move(name), stop_fd);
}

Output::Output(Fd fd, std::string name, int stop_fd)
    : fd_(std::move(fd)), stop_fd_(stop_fd), name_(std::move(name)) {
    struct stat status = {};
    const bool known = ::fstat(fd_.get(), &status) == 0;
    if (known && S_ISREG(status.st_mode)) {
        const int flags = ::fcntl(fd_.get(), F_GETFL);
        const bool at_end = flags >= 0 && (flags & O_APPEND) != 0;
        const off_t position = at_end ? status.st_size : ::lseek(fd_.get(), 0, SEEK_CUR);
        regular_ = position >= 0;
        start_ = regular_ ? static_cast<uint64_t>(position) : 0;
    }
    // With one, each write asks first whether it may wait.
    if (known && has_no_reader(status)) {
        stop_fd_ = -1;
    }
    buffer_.reserve(kBufferSize + kMaxOptionSize);
}

Output& Output::operator=(Output&& other) noexcept {
    if (this != &other) {
        (void)flush();
        fd_.reset();
        fd_ = std::move(other.fd_);
        stop_fd_ = other.stop_fd_;
        name_ = std::move(other.name_);
        regular_ = other.regular_;
        start_ = other.start_;
        flushed_ = other.flushed_;
        buffer_ = std::move(other.buffer_);
        block_ends_ = std::move(other.block_ends_);
        compressor_ = std::move(other.compressor_);
        held_back_ = other.held_back_;
        packed_ = std::move(other.packed_);
        make_room_ = std::move(other.make_room_);
        failure_ = std::move(other.failure_);
    }
    return *this;
}

Output::~Output() {
    if (fd_.valid()) {
        (void)flush();
    }
}

// The buffer is full, or a write has failed.
Result<void> Output::end_last_block() {
    if (!failure_.ok()) {
        buffer_.clear();
        return failure_;
    }
    block_ends_.push_back(buffer_.size());
    return write(buffer_.size(), {});
}

Result<void> Output::append(std::span<const uint8_t> blocks) {
    buffer_.bytes(blocks);
    return end_block();
}

Result<void> Output::end_block(size_t at, std::span<const uint8_t> data) {
    block_ends_.push_back(buffer_.size() + data.size());
    return write(at, data);
}

Result<void> Output::flush() {
    Result<void> written = write(buffer_.size(), {});
    if (compressor_ == nullptr || !written || std::exchange(held_back_, 0) == 0) {
        return written;
    }
    return put_packed(compressor_->flush(packed_));
}

// Writes to the descriptor, also when the disk is full, for as long as room can be made.
Written Output::put(std::span<iovec> parts) {
    size_t done = 0;
    while (true) {
        const Written now = write_bytes(fd_.get(), parts, stop_fd_);
        done += now.bytes;
        const bool full = now.code == ENOSPC || now.code == EDQUOT;
        if (!full || !make_room_ || !make_room_()) {
            return {done, now.code};
        }
    }
}

// Writes what a call of the compressor, which returned `packed`, has made.
Result<void> Output::put_packed(const Result<void>& packed) {
    if (!packed) {
        failure_ = packed;
        return failure_;
    }
    iovec part = part_of(packed_.view());
    const Written now = put(std::span(&part, 1));
    if (now.code != 0) {
        failure_ = fail(now.code, now.bytes, packed_.size());
    } else {
        flushed_ += now.bytes;
    }
    packed_.clear();
    return failure_;
}

// Writes the buffer with `data` inserted at its offset `at`.
Result<void> Output::write(size_t at, std::span<const uint8_t> data) {
    const std::span<const uint8_t> waiting = buffer_.view();
    const size_t total = waiting.size() + data.size();
    const std::array parts = {waiting.first(at), data, waiting.subspan(at)};
    if (compressor_ != nullptr) {
        for (const auto part : parts) {
            if (failure_.ok() && !part.empty()) {
                held_back_ += part.size();
                (void)put_packed(compressor_->add(part, packed_));
            }
        }
    } else if (failure_.ok()) {
        std::array<iovec, parts.size()> vectors{};
        std::ranges::transform(parts, vectors.begin(), part_of);
        const Written now = put(vectors);
        if (now.code != 0) {
            failure_ = fail(now.code, now.bytes, total);
        } else {
            flushed_ += total;
        }
    }
    buffer_.clear();
    block_ends_.clear();
    return failure_;
}

Result<void> Output::close() {
    if (!fd_.valid()) {
        return failure_;
    }
    Result<void> flushed = write(buffer_.size(), {});
    if (compressor_ != nullptr && flushed.ok()) {
        flushed = put_packed(compressor_->end(packed_));
    }
    buffer_ = ByteBuffer();  // a caller may keep many closed outputs
    // EINTR: Linux has closed the descriptor all the same (close(2)).
    if (::close(fd_.release()) != 0 && errno != EINTR && flushed.ok()) {
        failure_ = errno_error("close " + name_, errno);
        return failure_;
    }
    return flushed;
}

// Returns the error of a write that failed after `written` of `total` bytes. Truncates a regular
// file to its last whole block.
Error Output::fail(int code, size_t written, size_t total) {
    size_t whole = 0;
    for (const size_t end : block_ends_) {
        if (end <= written) {
            whole = end;
        }
    }
    if (!regular_) {
        flushed_ += written;
        if (code == ECANCELED) {
            return Error{fmt::format("write {}: nothing was read for {} ms after the signal to "
                                     "stop; {} bytes were written, {} were not",
                                     name_, kStopPatienceMs, flushed_, total - written),
                         code};
        }
        Error error = errno_error("write " + name_, code);
        error.message += fmt::format("; {} bytes were written", flushed_);
        return error;
    }
    Error error = errno_error("write " + name_, code);
    if (compressor_ != nullptr) {
        flushed_ += written;
        error.message += fmt::format("; the file holds {} compressed bytes", start_ + flushed_);
        return error;
    }
    flushed_ += whole;
    const auto end = static_cast<off_t>(start_ + flushed_);
    if (::ftruncate(fd_.get(), end) == 0 && ::lseek(fd_.get(), end, SEEK_SET) == end) {
        error.message += fmt::format("; the file holds {} bytes, all of them whole blocks", end);
    } else {
        error.message +=
            fmt::format("; {} bytes of whole blocks and a part of one are in the file", end);
    }
    return error;
}

}  // namespace pcapng
