// SPDX-License-Identifier: GPL-2.0-only
//
// FakeRing: the kernel's side of a BPF_MAP_TYPE_RINGBUF in a memfd, for capture::Ring to read
// without privilege. The kernel maps the data twice, one after the other; here they are two copies,
// and every write goes to both.
#pragma once

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "capture/kernel/ring.h"

namespace test {

class FakeRing {
  public:
    static constexpr size_t kSize = 4096;

    explicit FakeRing(size_t size = kSize)
        : size_(size), page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
        fd_ = memfd_create("ring", MFD_CLOEXEC);
        REQUIRE(fd_ >= 0);
        REQUIRE(ftruncate(fd_, static_cast<off_t>(bytes())) == 0);
        void* memory = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
        REQUIRE(memory != MAP_FAILED);
        memory_ = static_cast<std::byte*>(memory);
    }
    FakeRing(const FakeRing&) = delete;
    FakeRing& operator=(const FakeRing&) = delete;
    ~FakeRing() {
        munmap(memory_, bytes());
        close(fd_);
    }

    capture::Ring open() const {
        auto ring = capture::Ring::open(fd_, size_);
        REQUIRE(ring.ok());
        return *std::move(ring);
    }

    // Else the kernel refuses.
    bool has_room(size_t record_size) const {
        return produced_ + whole(record_size) - consumed() <= size_;
    }

    // Reserves a record and fills it; `flags` are those of the header. Returns its position.
    uint64_t add(std::span<const std::byte> record, uint32_t flags = 0) {
        const uint64_t at = produced_;
        REQUIRE(has_room(record.size()));
        for (size_t i = 0; i < record.size(); ++i) {
            const size_t offset = (at + BPF_RINGBUF_HDR_SZ + i) % size_;
            data()[offset] = data()[offset + size_] = record[i];
        }
        set_header(at, static_cast<uint32_t>(record.size()) | flags);
        produced_ += whole(record.size());
        __atomic_store_n(reinterpret_cast<uint64_t*>(memory_ + page_), produced_, __ATOMIC_RELEASE);
        return at;
    }

    // Ends the reservation of a record that was added as busy.
    void submit(uint64_t at, size_t size) { set_header(at, static_cast<uint32_t>(size)); }

    uint64_t consumed() const {
        return __atomic_load_n(reinterpret_cast<const uint64_t*>(memory_), __ATOMIC_ACQUIRE);
    }
    uint64_t produced() const { return produced_; }

  private:
    static size_t whole(size_t record_size) {
        return (record_size + BPF_RINGBUF_HDR_SZ + 7) & ~size_t{7};
    }
    size_t bytes() const { return 2 * page_ + 2 * size_; }
    std::byte* data() const { return memory_ + 2 * page_; }
    void set_header(uint64_t at, uint32_t header) {
        for (const size_t copy : {size_t{0}, size_}) {
            __atomic_store_n(reinterpret_cast<uint32_t*>(data() + at % size_ + copy), header,
                             __ATOMIC_RELEASE);
        }
    }

    size_t size_;
    size_t page_;
    int fd_ = -1;
    std::byte* memory_ = nullptr;
    uint64_t produced_ = 0;
};

}  // namespace test
