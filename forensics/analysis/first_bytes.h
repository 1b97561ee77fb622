// SPDX-License-Identifier: GPL-2.0-only
//
// FirstBytes: what one side of a TCP connection sends first, put together from segments in
// whatever order they come, for as long as it takes to see what it is. A pool of 16 MiB at most:
// when all its buffers are in use, the one that was begun longest ago is given up.
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

    // Which buffer is whose: one that was given up belongs to somebody else.
    struct Handle {
        uint32_t generation = 0;  // 0: none
    };

    Handle begin();
    void end(Handle handle);
    bool alive(Handle handle) const;

    // Adds bytes at an offset from the first. False: too much, or too many holes.
    bool add(Handle handle, size_t offset, std::span<const std::byte> bytes);
    // From the first byte to the first hole. Valid until the next add() or begin().
    std::span<const std::byte> bytes(Handle handle) const;

  private:
    static constexpr size_t kBuffers = 1024;
    static constexpr size_t kMaxIslands = 16;

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
