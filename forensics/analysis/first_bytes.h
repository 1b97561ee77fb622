// SPDX-License-Identifier: GPL-2.0-only
//
// FirstBytes: reassembles the first bytes that a side of a connection sends, from parts in any
// order, until the protocol is recognised. A pool of at most 16 MiB: when all buffers are in use,
// the oldest one is reused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace forensics {

class FirstBytes {
  public:
    static constexpr size_t kMaxBytes = size_t{16} * 1024;  // of one side

    // Identifies a buffer. alive() is false once the buffer was reused for another side.
    struct Handle {
        uint32_t generation = 0;  // 0: none
    };

    Handle begin();
    void end(Handle handle);
    bool alive(Handle handle) const;

    // Adds bytes at an offset from the first byte. Returns false if the offset is too large or
    // there are too many holes.
    bool add(Handle handle, size_t offset, std::span<const std::byte> bytes);
    // Returns the bytes from the first one to the first hole. Valid until the next add() or
    // begin().
    std::span<const std::byte> bytes(Handle handle) const;

  private:
    static constexpr size_t kBuffers = 1024;
    static constexpr size_t kMaxIslands = 64;

    struct Buffer {
        uint32_t generation = 0;
        std::vector<std::byte> bytes;
        size_t whole = 0;                                  // from the first byte on
        std::vector<std::pair<size_t, size_t>> islands{};  // start and end, behind holes
    };

    static size_t slot(Handle handle) { return handle.generation % kBuffers; }

    std::array<Buffer, kBuffers> buffers_;
    uint32_t generation_ = 0;
};

}  // namespace forensics
