// SPDX-License-Identifier: GPL-2.0-only
//
// Output: where the bytes of a file go: a regular file, or a pipe, fifo or device. Collects whole
// blocks in a buffer of 256 KiB and hands them over in few big write(2)s. Sole owner of its file
// descriptor; one thread at a time.
//
// After a failed write nothing more is written: every later call returns that first error. A
// regular file is then cut back to the end of its last whole block, so that it stays readable.
//
// The program must ignore SIGPIPE and SIGXFSZ (write(2) has no flag for that, and a library must
// not change signal handlers): a reader that has left is then an error with code EPIPE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pcapng/encode.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace pcapng {

class Output {
  public:
    static constexpr size_t kBufferSize = size_t{256} * 1024;

    // Creates or empties `path` (mode 0644, close-on-exec). A fifo blocks until it has a reader.
    static Result<Output> open_file(const std::string& path);
    // What open_file says of a failed open(2), with the next step where there is one.
    static Error open_error(const std::string& path, int code);
    // Writes from the descriptor's current position on; `name` is for messages. `stop_fd`, which
    // outlives the Output, is readable when it is time to stop: a pipe that nobody reads is then
    // given up, an error with code ECANCELED (write_bytes.h).
    static Output from_fd(Fd fd, std::string name, int stop_fd = -1);

    Output(Output&&) noexcept = default;
    Output& operator=(Output&& other) noexcept;
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;
    ~Output();  // flushes as far as it can; close() is the one that reports

    // Encode one block at the end of block(), then end_block(). Nothing is written in between.
    ByteBuffer& block() { return buffer_; }
    Result<void> end_block();
    // The same of a block that lacks `data` at the offset `at` of block(). They are written from
    // where they are, with all that waits, before this returns: for data that are dear to copy.
    Result<void> end_block(size_t at, std::span<const uint8_t> data);

    // One or more whole blocks.
    Result<void> append(std::span<const uint8_t> blocks);

    Result<void> flush();
    // Flushes and closes; reports what the file system kept back until now (NFS, quotas). A second
    // call does nothing.
    Result<void> close();

    // Bytes of whole blocks handed over, written or still in the buffer; after a failure, those
    // that are in the file.
    uint64_t bytes() const { return flushed_ + (block_ends_.empty() ? 0 : block_ends_.back()); }

    int fd() const { return fd_.get(); }  // still owned by the Output
    const std::string& name() const { return name_; }

  private:
    Output(Fd fd, std::string name, int stop_fd);
    Result<void> write(size_t at, std::span<const uint8_t> data);
    Error fail(int code, size_t written, size_t total);

    Fd fd_;
    int stop_fd_ = -1;
    std::string name_;
    bool regular_ = false;
    uint64_t start_ = 0;              // position in a regular file of our first byte
    uint64_t flushed_ = 0;            // bytes written, all of whole blocks
    ByteBuffer buffer_;               // what isn't written yet
    std::vector<size_t> block_ends_;  // offsets in buffer_
    Result<void> failure_;            // the first failed write
};

}  // namespace pcapng
