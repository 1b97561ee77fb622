// SPDX-License-Identifier: GPL-2.0-only
//
// Ring: the reader's side of one BPF_MAP_TYPE_RINGBUF. It maps the records that there are, and
// unmaps them where few come, because the kernel maps a page at once, never when it is touched
// first, and each mapped page counts as resident memory of this process. libbpf's own reader maps
// all, and hands each ring's records to a callback; merging several rings by time needs to look at
// the head of each instead. Layout: kernel/bpf/ringbuf.c (commit 457f44363a88).
//
// Owns the mappings, not the map, whose descriptor has to stay open. The caller samples the write
// position and reads up to it, see Merge. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "pcapng/result.h"

namespace capture {

using pcapng::Error;
using pcapng::Result;

class Ring {
  public:
    // Opens the ring buffer `map_fd` of `size` bytes, a power of two and a multiple of the page
    // size.
    static Result<Ring> open(int map_fd, size_t size);

    // Maps what has come. Returns the write position: every record reserved so far lies before it.
    Result<uint64_t> sample();

    // Returns the next record before `limit`, which sample() has returned, or an empty span if
    // there is none. Waits for a record that is reserved but not submitted yet: its program is
    // running on another CPU at this moment. Skips discarded records. The bytes are valid until
    // advance(), release() or trim().
    std::span<const std::byte> peek(uint64_t limit);

    // Steps over the record that peek() returned. Gives the space back to the kernel once it is a
    // certain part of the ring.
    void advance();

    // Gives the space of all records stepped over back to the kernel.
    void release();

    // Unmaps the records, unless a whole ring of them has been read since the last call: then
    // mapping them anew would cost more than their memory is worth. Ignores an error, after which
    // they stay mapped.
    void trim();

    // Returns how full the ring is, 0 to 1.
    double filled() const;

  private:
    struct Unmap {
        size_t bytes;
        void operator()(void* address) const;
    };
    using Mapping = std::unique_ptr<void, Unmap>;

    Ring(int map_fd, size_t size, Mapping consumer, Mapping producer, Mapping data);

    uint64_t produced() const;
    const std::byte* data() const { return static_cast<const std::byte*>(data_.get()); }
    // Maps the chunks from `first` to `last`, both included, that aren't mapped.
    Result<void> map_chunks(size_t first, size_t last);

    int map_fd_;
    size_t size_;
    size_t chunk_;           // bytes that are mapped together
    Mapping consumer_;       // one page: the reader's position
    Mapping producer_;       // one page: the writer's position
    Mapping data_;           // the room of all chunks
    std::vector<bool> has_;  // by chunk: whether it is mapped
    uint64_t position_;
    uint64_t released_;
    uint64_t trimmed_;      // the position at the last trim()
    uint32_t current_ = 0;  // bytes of the record that peek() returned, with its header
};

}  // namespace capture
