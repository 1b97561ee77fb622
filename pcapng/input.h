// SPDX-License-Identifier: GPL-2.0-only
//
// Input: the bytes that the Reader reads: a file, pipe or fifo, what a ByteSource makes of one, or
// memory that the caller keeps alive. Owns where they come from; one thread at a time. Memory use
// is bounded by the largest peek(): what the input really holds is read, never what a length field
// claims.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace pcapng {

// Where bytes come from, in order.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
    // At least one byte, as many as there are at once and fit; 0: the end. An error is for good.
    virtual Result<size_t> read(std::span<uint8_t> into) = 0;
};

// A file, pipe or fifo, whose errors say `name`.
std::unique_ptr<ByteSource> source_of(Fd fd, std::string name);

class Input {
  public:
    static Result<Input> open_file(const std::string& path);
    static Input from_fd(Fd fd, std::string name);
    static Input from_source(std::unique_ptr<ByteSource> source, std::string name);
    static Input from_memory(std::span<const uint8_t> bytes, std::string name);

    // The next `count` bytes, or all that are left where the input ends earlier. Valid until the
    // next call. Error: the read failed.
    Result<std::span<const uint8_t>> peek(size_t count);
    // Goes on behind the next `count` bytes, which must be ready.
    void consume(size_t count);

    // What has been read and not consumed: no less than the last peek() gave.
    std::span<const uint8_t> ready() const { return ready_; }
    uint64_t offset() const { return offset_; }  // of the next byte
    const std::string& name() const { return name_; }

  private:
    Input(std::unique_ptr<ByteSource> source, std::span<const uint8_t> memory, std::string name);
    Result<void> fill(size_t count);

    std::unique_ptr<ByteSource> source_;  // null: memory
    std::string name_;
    std::vector<uint8_t> buffer_;
    size_t buffered_ = 0;             // bytes read into buffer_
    std::span<const uint8_t> ready_;  // read and not consumed; in buffer_ or the caller's memory
    uint64_t offset_ = 0;
};

}  // namespace pcapng
