// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/traffic.h"

#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

namespace test {

std::vector<uint8_t> payload_of(uint32_t number, size_t size) {
    std::vector<uint8_t> payload(size);
    uint64_t state = 0x9e3779b97f4a7c15ULL * (number + 1ULL);
    for (uint8_t& byte : payload) {  // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        byte = static_cast<uint8_t>(state);
    }
    std::memcpy(payload.data(), &number, std::min(size, sizeof(number)));
    return payload;
}

uint64_t send_numbered(const pcapng::Fd& socket, uint32_t first, uint32_t count, size_t size,
                       int cpu) {
    if (cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<size_t>(cpu), &set);
        sched_setaffinity(0, sizeof(set), &set);
    }
    uint64_t sent = 0;
    for (uint32_t number = first; number != first + count; number++) {
        const std::vector<uint8_t> payload = payload_of(number, size);
        sent += send(socket.get(), payload.data(), payload.size(), 0) ==
                static_cast<ssize_t>(payload.size());
    }
    return sent;
}

uint64_t flood(const std::vector<pcapng::Fd>& sockets, uint32_t each, size_t size) {
    std::atomic<uint64_t> sent = 0;
    std::vector<std::thread> threads;
    for (size_t i = 0; i < sockets.size(); i++) {
        threads.emplace_back([&, i] {
            sent += send_numbered(sockets[i], static_cast<uint32_t>(i) * each, each, size,
                                  static_cast<int>(i) % cpu_count());
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    return sent;
}

std::optional<std::span<const uint8_t>> udp_payload(std::span<const uint8_t> frame) {
    constexpr size_t kEthernet = 14;
    constexpr size_t kUdp = 8;
    if (frame.size() < kEthernet + 20 || frame[12] != 8 || frame[13] != 0 ||
        frame[kEthernet + 9] != 17) {
        return std::nullopt;
    }
    const size_t headers = kEthernet + size_t{frame[kEthernet]} % 16 * 4 + kUdp;
    if (frame.size() < headers) {
        return std::nullopt;
    }
    return frame.subspan(headers);
}

int cpu_count() {
    return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
}

}  // namespace test
