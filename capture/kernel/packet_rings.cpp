// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/packet_rings.h"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

namespace capture {

using pcapng::errno_error;
using pcapng::Fd;

// With little memory for each CPU, a second ring isn't worth its memory.
RingSizes ring_sizes(uint64_t budget, size_t cpus) {
    const uint64_t share = std::bit_floor(std::max<uint64_t>(budget / cpus, 1));
    const auto large = static_cast<uint32_t>(std::clamp<uint64_t>(share, kMinRing, 1ULL << 30));
    const auto small = std::min(large / 8, static_cast<uint32_t>(kMaxSmallRing));
    return {large, small >= PIDCAP_SMALL_RING_MIN ? small : 0};
}

Result<PacketRings> PacketRings::create(int rings_fd, size_t cpus, const RingSizes& sizes) {
    PacketRings rings;
    rings.has_small_ = sizes.small != 0;
    for (uint32_t cpu = 0; cpu < cpus; cpu++) {
        auto added = rings.add(rings_fd, cpu, PIDCAP_RING_LARGE, sizes.large);
        if (added && sizes.small != 0) {
            added = rings.add(rings_fd, cpu, PIDCAP_RING_SMALL, sizes.small);
        }
        if (!added) {
            return std::move(added).error();
        }
    }
    if (auto watched = rings.watch_wakes(); !watched) {
        return std::move(watched).error();
    }
    return rings;
}

// Edge-triggered, since a ring that holds records is always readable, woken or not.
Result<void> PacketRings::watch_wakes() {
    woken_ = Fd(epoll_create1(EPOLL_CLOEXEC));
    if (!woken_.valid()) {
        return errno_error("watch the ring buffers", errno);
    }
    for (const RingMap& map : rings_) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        if (epoll_ctl(woken_.get(), EPOLL_CTL_ADD, map.fd.get(), &event) != 0) {
            return errno_error("watch a ring buffer", errno);
        }
    }
    return {};
}

void PacketRings::take_wake() const {
    std::vector<epoll_event> events(rings_.size());
    (void)epoll_wait(woken_.get(), events.data(), static_cast<int>(events.size()), 0);
}

Result<void> PacketRings::add(int rings_fd, uint32_t cpu, pidcap_ring which, uint32_t bytes) {
    Fd fd(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "packets", 0, 0, bytes, nullptr));
    if (!fd.valid()) {
        return errno_error(fmt::format("create a ring buffer of {} bytes for CPU {} (-B sets the "
                                       "size of all together)",
                                       bytes, cpu),
                           errno);
    }
    const uint32_t index = cpu * PIDCAP_RINGS + which;
    const int value = fd.get();
    if (const int code = bpf_map_update_elem(rings_fd, &index, &value, BPF_ANY)) {
        return errno_error(fmt::format("install the ring buffer of CPU {}", cpu), -code);
    }
    rings_.push_back({std::move(fd), bytes});
    return {};
}

Result<std::vector<Ring>> PacketRings::open() const {
    std::vector<Ring> opened;
    for (const RingMap& map : rings_) {
        auto ring = Ring::open(map.fd.get(), map.bytes);
        if (!ring) {
            return std::move(ring).error();
        }
        opened.push_back(*std::move(ring));
    }
    return opened;
}

std::vector<int> PacketRings::fds() const {
    std::vector<int> fds;
    fds.reserve(rings_.size());
    for (const RingMap& map : rings_) {
        fds.push_back(map.fd.get());
    }
    return fds;
}

// The kernel does so before it returns from a change to a map of maps (Linux 5.0, commit
// 1ae80cf31938), here of the first ring to itself.
Result<void> PacketRings::wait_for_programs(int rings_fd) const {
    const uint32_t index = PIDCAP_RING_LARGE;
    const int value = rings_.front().fd.get();
    const int code = bpf_map_update_elem(rings_fd, &index, &value, BPF_ANY);
    return code == 0 ? Result<void>{}
                     : pcapng::errno_error("wait for the programs that count", -code);
}

}  // namespace capture
