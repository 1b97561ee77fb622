// SPDX-License-Identifier: GPL-2.0-only
//
// Ring: the reader's side of one BPF_MAP_TYPE_RINGBUF, mapped into memory. It owns the mapping, not
// the map. libbpf's own reader hands each ring's records to a callback; merging several rings by
// time needs to look at the head of each instead. Layout: kernel/bpf/ringbuf.c (commit
// 457f44363a88).
//
// The caller samples produced() and reads up to that position, see Merge. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pcapng/result.h"

namespace capture {

using pcapng::Error;
using pcapng::Result;

class Ring {
  public:
    // Maps the ring buffer `map_fd` of `size` bytes, a power of two and a multiple of the page
    // size.
    static Result<Ring> map(int map_fd, size_t size);

    Ring(Ring&& other) noexcept;
    Ring& operator=(Ring&& other) noexcept;
    ~Ring();

    // Returns the write position: every record reserved so far lies before it.
    uint64_t produced() const;

    // Returns the next record before `limit`, or an empty span if there is none. Waits for a record
    // that is reserved but not submitted yet: its program is running on another CPU at this moment.
    // Skips discarded records. The bytes are valid until advance() or release().
    std::span<const std::byte> peek(uint64_t limit);

    // Steps over the record that peek() returned. Gives the space back to the kernel once it is a
    // certain part of the ring.
    void advance();

    // Gives the space of all records stepped over back to the kernel.
    void release();

    // Returns how full the ring is, 0 to 1.
    double filled() const;

  private:
    Ring(void* consumer, void* producer, size_t size);

    void* consumer_ = nullptr;  // one page: the reader's position
    void* producer_ = nullptr;  // one page: the writer's position; then the data
    size_t size_ = 0;
    uint64_t position_ = 0;
    uint64_t released_ = 0;
    uint32_t current_ = 0;  // bytes of the record that peek() returned, with its header
};

}  // namespace capture
