// SPDX-License-Identifier: GPL-2.0-only
//
// Output: writes whole blocks to a regular file, pipe, fifo or device. Collects them in a buffer of
// 256 KiB, so that few large write(2) calls are made. Sole owner of its file descriptor; one thread
// at a time.
//
// After a failed write nothing more is written: every later call returns that first error. A
// regular file is then cut back to the end of its last whole block, so that it stays readable; a
// compressed one stays as it is, and readers take what is whole in it.
//
// The program must ignore SIGPIPE and SIGXFSZ (write(2) has no flag for that, and a library must
// not change signal handlers). If the reader has closed its end, the error has code EPIPE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pcapng/compressor.h"
#include "pcapng/encode.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"
#include "pcapng/write_bytes.h"

namespace pcapng {

class Output {
  public:
    static constexpr size_t kBufferSize = size_t{256} * 1024;

    // Creates or empties `path` (mode 0644, close-on-exec). A fifo blocks until it has a reader.
    static Result<Output> open_file(const std::string& path);
    // Returns the error for a failed open(2), with the next step if there is one.
    static Error open_error(const std::string& path, int code);
    // Writes from the descriptor's current position on; `name` is for messages. `stop_fd` outlives
    // the Output and becomes readable when it is time to stop. After that, a pipe that nobody reads
    // is an error with code ECANCELED (write_bytes.h).
    static Output from_fd(Fd fd, std::string name, int stop_fd = -1);

    // Compresses everything from here on. Call it before the first block.
    void compress_with(std::unique_ptr<Compressor> compressor) {
        compressor_ = std::move(compressor);
    }
    // Calls `make_room` when the disk or the quota is full. If it returns true, the write goes on.
    void on_full(std::function<bool()> make_room) { make_room_ = std::move(make_room); }

    Output(Output&&) noexcept = default;
    Output& operator=(Output&& other) noexcept;
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;
    ~Output();  // flushes, but can't report an error: call close()

    // Encode one block at the end of block(), then end_block(). Nothing is written in between.
    ByteBuffer& block() { return buffer_; }
    Result<void> end_block() {
        const size_t end = buffer_.size();
        if (end >= kBufferSize || !failure_.ok()) {
            return end_last_block();
        }
        block_ends_.push_back(end);
        return {};
    }
    // Ends a block whose bytes at offset `at` of block() are `data`. Writes everything that is
    // buffered, and `data` without copying them, before it returns. For large packets.
    Result<void> end_block(size_t at, std::span<const uint8_t> data);

    // Appends one or more whole blocks.
    Result<void> append(std::span<const uint8_t> blocks);

    Result<void> flush();
    // Flushes and closes. Returns errors that the file system reports only at close (NFS, quotas).
    // A second call does nothing.
    Result<void> close();

    // Returns the bytes of all whole blocks, written or buffered; after a failure, only of those in
    // the file. With a compressor: the bytes in the file.
    uint64_t bytes() const {
        return flushed_ + (compressor_ != nullptr || block_ends_.empty() ? 0 : block_ends_.back());
    }

    // Bytes before compression that came since the last flush(): they may not be in bytes() yet.
    uint64_t held_back() const { return compressor_ != nullptr ? held_back_ + buffer_.size() : 0; }

    int fd() const { return fd_.get(); }  // still owned by the Output
    const std::string& name() const { return name_; }

  private:
    Output(Fd fd, std::string name, int stop_fd);
    Result<void> end_last_block();
    Result<void> write(size_t at, std::span<const uint8_t> data);
    Written put(std::span<iovec> parts);
    Result<void> put_packed(const Result<void>& packed);
    Error fail(int code, size_t written, size_t total);

    Fd fd_;
    int stop_fd_ = -1;
    std::string name_;
    bool regular_ = false;
    uint64_t start_ = 0;              // position in a regular file of our first byte
    uint64_t flushed_ = 0;            // bytes written, all of whole blocks unless compressed
    ByteBuffer buffer_;               // what isn't written yet
    std::vector<size_t> block_ends_;  // offsets in buffer_
    std::unique_ptr<Compressor> compressor_;
    uint64_t held_back_ = 0;
    ByteBuffer packed_;  // what isn't written yet of the compressor's output
    std::function<bool()> make_room_;
    Result<void> failure_;  // the first failed write
};

}  // namespace pcapng
