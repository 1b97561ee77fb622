// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/ring.h"

#include <linux/bpf.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include "bpf/contract.h"

namespace capture {
namespace {

// Header of a record: u32 length with the two flag bits, u32 page offset; then padding to 8 bytes.
constexpr uint32_t kFlags = BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT;

// Space is given back in this many parts of the ring. Smaller parts would cost more: after each
// one, the programs' CPU has to fetch the position's cache line again.
constexpr size_t kReleaseParts = 16;

// Addresses without memory.
constexpr int kNothing = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

size_t page_size() {
    static const auto kSize = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return kSize;
}

// Returns the size of the largest possible record, rounded up to whole pages.
size_t largest_record() {
    constexpr size_t kBytes = BPF_RINGBUF_HDR_SZ + sizeof(pidcap_packet) + PIDCAP_SNAPLEN_MAX;
    return (kBytes + page_size() - 1) & ~(page_size() - 1);
}

// The kernel maps the data twice in a row, so that a record that wraps around is contiguous. Of the
// second copy we need as much as one record.
size_t overhang(size_t size) {
    return std::min(size, largest_record());
}

// At most so many chunks, as each may be a mapping of its own, whose number the kernel limits.
constexpr size_t kMostChunks = 512;
constexpr size_t kSmallestChunk = 128U << 10;

size_t chunk_of(size_t size) {
    return std::min(size, std::max(size / kMostChunks, kSmallestChunk));
}

template <typename T>
T load_acquire(const void* address) {
    return __atomic_load_n(static_cast<const T*>(address), __ATOMIC_ACQUIRE);
}

}  // namespace

void Ring::Unmap::operator()(void* address) const {
    munmap(address, bytes);
}

Result<Ring> Ring::open(int map_fd, size_t size) {
    const size_t page = page_size();
    const auto mapped = [](void* address, size_t bytes) {
        return Mapping(address != MAP_FAILED ? address : nullptr, Unmap{bytes});
    };
    Mapping consumer =
        mapped(mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0), page);
    if (consumer == nullptr) {
        return pcapng::errno_error("map a ring buffer's first page", errno);
    }
    Mapping producer =
        mapped(mmap(nullptr, page, PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(page)), page);
    if (producer == nullptr) {
        return pcapng::errno_error("map a ring buffer's second page", errno);
    }
    const size_t bytes = size + overhang(size);
    Mapping data = mapped(mmap(nullptr, bytes, PROT_NONE, kNothing, -1, 0), bytes);
    if (data == nullptr) {
        return pcapng::errno_error("reserve addresses for a ring buffer's data", errno);
    }
    return Ring(map_fd, size, std::move(consumer), std::move(producer), std::move(data));
}

Ring::Ring(int map_fd, size_t size, Mapping consumer, Mapping producer, Mapping data)
    : map_fd_(map_fd),
      size_(size),
      chunk_(chunk_of(size)),
      consumer_(std::move(consumer)),
      producer_(std::move(producer)),
      data_(std::move(data)),
      has_(size / chunk_ + 1),  // the last one is the overhang
      position_(load_acquire<unsigned long>(consumer_.get())),
      released_(position_),
      trimmed_(position_) {}

uint64_t Ring::produced() const {
    return load_acquire<unsigned long>(producer_.get());
}

Result<uint64_t> Ring::sample() {
    const uint64_t limit = produced();
    if (limit == position_) {
        return limit;
    }
    const size_t begin = position_ & (size_ - 1);
    const size_t end = begin + (limit - position_);
    auto mapped = map_chunks(begin / chunk_, end <= size_ ? (end - 1) / chunk_ : size_ / chunk_);
    if (mapped && end > size_) {
        mapped = map_chunks(0, (end - size_ - 1) / chunk_);
    }
    return mapped ? Result<uint64_t>(limit) : std::move(mapped).error();
}

Result<void> Ring::map_chunks(size_t first, size_t last) {
    for (size_t chunk = first; chunk <= last; chunk++) {
        if (has_[chunk]) {
            continue;
        }
        const size_t offset = chunk * chunk_;
        const size_t bytes = offset < size_ ? chunk_ : overhang(size_);
        void* at = static_cast<std::byte*>(data_.get()) + offset;
        if (mmap(at, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, map_fd_,
                 static_cast<off_t>(2 * page_size() + offset)) == MAP_FAILED) {
            return pcapng::errno_error("map records of a ring buffer", errno);
        }
        has_[chunk] = true;
    }
    return {};
}

void Ring::trim() {
    const bool is_busy = position_ - std::exchange(trimmed_, position_) >= size_;
    if (is_busy || std::find(has_.begin(), has_.end(), true) == has_.end()) {
        return;
    }
    if (mmap(data_.get(), data_.get_deleter().bytes, PROT_NONE, kNothing | MAP_FIXED, -1, 0) !=
        MAP_FAILED) {
        has_.assign(has_.size(), false);
    }
}

std::span<const std::byte> Ring::peek(uint64_t limit) {
    while (position_ < limit) {
        const std::byte* header = data() + (position_ & (size_ - 1));
        uint32_t length = load_acquire<uint32_t>(header);
        while ((length & BPF_RINGBUF_BUSY_BIT) != 0) {
            sched_yield();
            length = load_acquire<uint32_t>(header);
        }
        uint32_t bytes = length & ~kFlags;
        current_ = (bytes + BPF_RINGBUF_HDR_SZ + 7) & ~7U;
        if ((length & BPF_RINGBUF_DISCARD_BIT) == 0) {
            return {header + BPF_RINGBUF_HDR_SZ, bytes};
        }
        advance();
    }
    return {};
}

void Ring::advance() {
    position_ += std::exchange(current_, 0);
    if (position_ - released_ >= size_ / kReleaseParts) {
        release();
    }
}

void Ring::release() {
    __atomic_store_n(static_cast<unsigned long*>(consumer_.get()), position_, __ATOMIC_RELEASE);
    released_ = position_;
}

double Ring::filled() const {
    return static_cast<double>(produced() - position_) / static_cast<double>(size_);
}

}  // namespace capture
