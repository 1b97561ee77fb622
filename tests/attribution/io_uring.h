// SPDX-License-Identifier: GPL-2.0-only
//
// The least of an io_uring: one request at a time, by the system calls themselves.
#pragma once

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace bench {

class IoUring {
  public:
    // `flags`: IORING_SETUP_…. Look at valid() then; errno says why not.
    explicit IoUring(uint32_t flags) {
        params_.flags = flags;
        params_.sq_thread_idle = 50;  // ms
        fd_ = static_cast<int>(syscall(SYS_io_uring_setup, 4, &params_));
        if (fd_ < 0) {
            return;
        }
        sq_ = map(params_.sq_off.array + params_.sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
        cq_ = map(params_.cq_off.cqes + params_.cq_entries * sizeof(io_uring_cqe),
                  IORING_OFF_CQ_RING);
        sqes_ = reinterpret_cast<io_uring_sqe*>(
            map(params_.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
    }
    IoUring(const IoUring&) = delete;
    IoUring& operator=(const IoUring&) = delete;
    ~IoUring() { close(fd_); }  // the mappings end with the process

    bool valid() const { return fd_ >= 0; }
    int fd() const { return fd_; }

    // Its result: not negative, or -errno.
    int run(const io_uring_sqe& request) {
        const uint32_t mask = at(sq_, params_.sq_off.ring_mask);
        const uint32_t tail = at(sq_, params_.sq_off.tail);
        sqes_[tail & mask] = request;
        at(sq_, params_.sq_off.array + (tail & mask) * static_cast<uint32_t>(sizeof(uint32_t))) =
            tail & mask;
        std::atomic_ref(at(sq_, params_.sq_off.tail)).store(tail + 1);
        uint32_t enter = IORING_ENTER_GETEVENTS;
        if ((params_.flags & IORING_SETUP_SQPOLL) != 0 &&
            (std::atomic_ref(at(sq_, params_.sq_off.flags)).load() & IORING_SQ_NEED_WAKEUP) != 0) {
            enter |= IORING_ENTER_SQ_WAKEUP;
        }
        if (syscall(SYS_io_uring_enter, fd_, 1, 1, enter, nullptr, 0) < 0) {
            return -errno;
        }
        uint32_t& head = at(cq_, params_.cq_off.head);
        while (std::atomic_ref(at(cq_, params_.cq_off.tail)).load() == head) {
            usleep(100);
        }
        const auto* entries = reinterpret_cast<const io_uring_cqe*>(cq_ + params_.cq_off.cqes);
        const int result = entries[head & at(cq_, params_.cq_off.ring_mask)].res;
        std::atomic_ref(head).store(head + 1);
        return result;
    }

  private:
    char* map(size_t size, uint64_t offset) const {
        return static_cast<char*>(mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                       MAP_SHARED | MAP_POPULATE, fd_, static_cast<off_t>(offset)));
    }
    static uint32_t& at(char* ring, uint32_t offset) {
        return *reinterpret_cast<uint32_t*>(ring + offset);
    }

    io_uring_params params_{};
    int fd_ = -1;
    char* sq_ = nullptr;
    char* cq_ = nullptr;
    io_uring_sqe* sqes_ = nullptr;
};

}  // namespace bench
