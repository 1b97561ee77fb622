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

size_t page_size() {
    static const auto kSize = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return kSize;
}

// Returns the size of the largest possible record, rounded up to whole pages.
size_t largest_record() {
    constexpr size_t kBytes = BPF_RINGBUF_HDR_SZ + sizeof(pidcap_packet) + PIDCAP_SNAPLEN_MAX;
    return (kBytes + page_size() - 1) & ~(page_size() - 1);
}

// Returns how many bytes of data to map. The kernel maps the data twice in a row, so that a record
// that wraps around is contiguous. We map only one record's size of the second copy, because each
// mapped page counts as memory of this process.
size_t mapped(size_t size) {
    return page_size() + size + std::min(size, largest_record());
}

template <typename T>
T load_acquire(const void* address) {
    return __atomic_load_n(static_cast<const T*>(address), __ATOMIC_ACQUIRE);
}

}  // namespace

Result<Ring> Ring::map(int map_fd, size_t size) {
    void* consumer = mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
    if (consumer == MAP_FAILED) {
        return pcapng::errno_error("map a ring buffer's first page", errno);
    }
    void* producer =
        mmap(nullptr, mapped(size), PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(page_size()));
    if (producer == MAP_FAILED) {
        int code = errno;
        munmap(consumer, page_size());
        return pcapng::errno_error("map a ring buffer's data", code);
    }
    return Ring(consumer, producer, size);
}

Ring::Ring(void* consumer, void* producer, size_t size)
    : consumer_(consumer),
      producer_(producer),
      size_(size),
      position_(load_acquire<unsigned long>(consumer)),
      released_(position_) {}

Ring::Ring(Ring&& other) noexcept
    : consumer_(std::exchange(other.consumer_, nullptr)),
      producer_(std::exchange(other.producer_, nullptr)),
      size_(other.size_),
      position_(other.position_),
      released_(other.released_),
      current_(other.current_) {}

Ring& Ring::operator=(Ring&& other) noexcept {
    std::swap(consumer_, other.consumer_);
    std::swap(producer_, other.producer_);
    std::swap(size_, other.size_);
    std::swap(position_, other.position_);
    std::swap(released_, other.released_);
    std::swap(current_, other.current_);
    return *this;
}

Ring::~Ring() {
    if (consumer_ != nullptr) {
        munmap(consumer_, page_size());
        munmap(producer_, mapped(size_));
    }
}

uint64_t Ring::produced() const {
    return load_acquire<unsigned long>(producer_);
}

std::span<const std::byte> Ring::peek(uint64_t limit) {
    while (position_ < limit) {
        const std::byte* header =
            static_cast<const std::byte*>(producer_) + page_size() + (position_ & (size_ - 1));
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
    __atomic_store_n(static_cast<unsigned long*>(consumer_), position_, __ATOMIC_RELEASE);
    released_ = position_;
}

double Ring::filled() const {
    return static_cast<double>(produced() - position_) / static_cast<double>(size_);
}

}  // namespace capture
