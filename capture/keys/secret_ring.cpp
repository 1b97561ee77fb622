// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/secret_ring.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <cerrno>
#include <utility>

namespace capture::tls {
namespace {

// 5,000 secrets, so those of 500 handshakes with both ends on this machine.
constexpr uint32_t kBytes = 1U << 20;

// Less than a page, which is what is mapped.
constexpr size_t kCounterBytes = PIDCAP_TLS_MISSES * sizeof(uint64_t);

}  // namespace

void SecretRing::Unmap::operator()(void* page) const {
    munmap(page, kCounterBytes);
}

Result<SecretRing> SecretRing::create() {
    pcapng::Fd ring(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "pidcap_secrets", 0, 0, kBytes, nullptr));
    if (!ring.valid()) {
        return pcapng::errno_error("make a ring for TLS secrets", errno);
    }
    // Mapped, so that no capability is needed to read it.
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
    pcapng::Fd missed(bpf_map_create(BPF_MAP_TYPE_ARRAY, "pidcap_missed", sizeof(uint32_t),
                                     sizeof(uint64_t), PIDCAP_TLS_MISSES, &options));
    if (!missed.valid()) {
        return pcapng::errno_error("make a counter of missed TLS secrets", errno);
    }
    void* page = mmap(nullptr, kCounterBytes, PROT_READ, MAP_SHARED, missed.get(), 0);
    if (page == MAP_FAILED) {
        return pcapng::errno_error("map a counter of missed TLS secrets", errno);
    }
    Counters counters(page);
    auto mapped = Ring::open(ring.get(), kBytes);
    if (!mapped) {
        return std::move(mapped).error();
    }
    return SecretRing(std::move(ring), std::move(missed), *std::move(mapped), std::move(counters));
}

void SecretRing::read(const std::function<void(const pidcap_secret&)>& take) {
    const auto limit = ring_.sample();
    if (!limit) {
        return;  // they stay in the ring
    }
    for (auto record = ring_.peek(*limit); !record.empty(); record = ring_.peek(*limit)) {
        if (record.size() >= sizeof(pidcap_secret)) {
            take(*reinterpret_cast<const pidcap_secret*>(record.data()));
        }
        ring_.advance();
    }
    ring_.release();
}

uint64_t SecretRing::missed(pidcap_tls_miss cause) const {
    return __atomic_load_n(static_cast<const uint64_t*>(counters_.get()) + cause, __ATOMIC_RELAXED);
}

}  // namespace capture::tls
