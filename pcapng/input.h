// SPDX-License-Identifier: GPL-2.0-only
//
// Input: the bytes that the Reader reads: a file, pipe or fifo, or memory that the caller keeps
// alive. Sole owner of its file descriptor; one thread at a time. Memory use is bounded by the
// largest peek(): what the input really holds is read, never what a length field claims.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace pcapng {

class Input {
  public:
    static Result<Input> open_file(const std::string& path);
    static Input from_fd(Fd fd, std::string name);
    static Input from_memory(std::span<const uint8_t> bytes, std::string name);

    // The next `count` bytes, or all that are left where the input ends earlier. Valid until the
    // next call. Error: the read failed.
    Result<std::span<const uint8_t>> peek(size_t count);
    // Goes on behind the next `count` bytes, which must have been peeked.
    void consume(size_t count);

    uint64_t offset() const { return offset_; }  // of the next byte
    const std::string& name() const { return name_; }

  private:
    Input(Fd fd, std::span<const uint8_t> memory, std::string name);
    Result<void> fill(size_t count);

    Fd fd_;  // none: memory
    std::string name_;
    std::vector<uint8_t> buffer_;
    size_t buffered_ = 0;             // bytes read into buffer_
    std::span<const uint8_t> ready_;  // read and not consumed; in buffer_ or the caller's memory
    uint64_t offset_ = 0;
};

}  // namespace pcapng
