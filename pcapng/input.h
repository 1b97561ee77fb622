// SPDX-License-Identifier: GPL-2.0-only
//
// Input: a buffered stream of bytes for the Reader, from a file, pipe or fifo, from any ByteSource
// (such as a decompressor), or from memory that the caller keeps alive. Owns its source; one thread
// at a time. Memory use is bounded by the largest peek() and by the bytes that the input really
// holds: a false length field can't make it allocate.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace pcapng {

// A sequential source of bytes.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
    // Reads at least one byte, and at most into.size(). Returns how many, or 0 at the end. An error
    // is final.
    virtual Result<size_t> read(std::span<uint8_t> into) = 0;
};

// Returns a source that reads a file, pipe or fifo. Its errors contain `name`.
std::unique_ptr<ByteSource> source_of(Fd fd, std::string name);

class Input {
  public:
    static Result<Input> open_file(const std::string& path);
    static Input from_fd(Fd fd, std::string name);
    static Input from_source(std::unique_ptr<ByteSource> source, std::string name);
    static Input from_memory(std::span<const uint8_t> bytes, std::string name);

    // Returns the next `count` bytes, or fewer if the input ends before that, or an error if a read
    // failed. Valid until the next call.
    Result<std::span<const uint8_t>> peek(size_t count) {
        if (count > ready_.size() && source_ != nullptr) {
            if (Result<void> filled = fill(count); !filled.ok()) {
                return std::move(filled).error();
            }
        }
        return ready_.first(std::min(count, ready_.size()));
    }
    // Skips `count` bytes, which must be in ready().
    void consume(size_t count) {
        assert(count <= ready_.size());
        ready_ = ready_.subspan(count);
        offset_ += count;
    }

    // Gives the caller the buffer for `with`: bytes that peek() returned stay where they are, in
    // `with`, and what wasn't consumed goes on in the buffer that `with` had. Reads fill as much of
    // that as there is. Not of memory.
    void exchange_buffer(std::vector<uint8_t>& with);

    // The bytes that were read but not consumed; at least those that the last peek() returned.
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
