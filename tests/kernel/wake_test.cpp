// SPDX-License-Identifier: GPL-2.0-only
//
// The record that finds its CPU's small ring half full wakes a reader that pauses until then. The
// kernel runs the program as often as it is asked to, on one CPU, while nobody reads, so what is in
// the rings is known to the record.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <poll.h>
#include <sched.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "capture/kernel/programs.h"

namespace {

using capture::HookProgram;
using capture::Programs;

constexpr size_t kPacket = 3000;
constexpr size_t kLeast = kPacket;     // bytes that a record of it takes in a ring
constexpr size_t kMost = 2 * kPacket;  // with its headers, and rounded up
constexpr uint32_t kLargeRing = 16U << 20;
constexpr uint32_t kSmallRing = 2U << 20;
constexpr int kPatienceMs = 10'000;
constexpr int kSoonMs = 50;

class OnThisCpu {
  public:
    OnThisCpu() {
        REQUIRE(sched_getaffinity(0, sizeof(before_), &before_) == 0);
        cpu_set_t here;
        CPU_ZERO(&here);
        CPU_SET(static_cast<size_t>(sched_getcpu()), &here);
        REQUIRE(sched_setaffinity(0, sizeof(here), &here) == 0);
    }
    ~OnThisCpu() { sched_setaffinity(0, sizeof(before_), &before_); }

  private:
    cpu_set_t before_;
};

class NullHandler : public capture::RecordHandler {
  public:
    void begin() override {}
    void event(const pidcap_event&, std::span<const std::byte>) override {}
    pcapng::Result<void> packet(const pidcap_packet&, std::span<const std::byte>) override {
        return {};
    }
};

Programs loaded() {
    capture::ProgramOptions options;
    options.finds_processes = false;
    options.buffer_bytes = uint64_t{kLargeRing} * static_cast<uint64_t>(libbpf_num_possible_cpus());
    auto programs = Programs::load(options, -1);
    INFO((programs ? "" : programs.error().message));
    REQUIRE(programs);
    return *std::move(programs);
}

struct Rings {
    OnThisCpu here;
    Programs programs = loaded();
    capture::Merge merge = *programs.open_rings();
    uint64_t recorded = 0;

    // Records so many packets on this CPU.
    void record(size_t count) {
        std::array<uint8_t, kPacket> frame{};
        frame[12] = 0x88;  // an EtherType for experiments, 0x88b5
        frame[13] = 0xb5;
        LIBBPF_OPTS(bpf_test_run_opts, run);
        run.data_in = frame.data();
        run.data_size_in = frame.size();
        run.repeat = static_cast<int>(count);
        const auto program = programs.program_fd(HookProgram::kEthernetOut);
        REQUIRE(program);
        REQUIRE(bpf_prog_test_run_opts(*program, &run) == 0);
        recorded += count;
    }

    bool is_woken(int patience_ms) const {
        pollfd reader{programs.rings().woken_fd(), POLLIN, 0};
        const bool woken = poll(&reader, 1, patience_ms) == 1;
        programs.rings().take_wake();
        return woken;
    }

    uint64_t read() {
        NullHandler handler;
        auto handed = merge.round(handler, true);
        REQUIRE(handed);
        return *handed;
    }
};

}  // namespace

TEST_CASE("the record that finds its CPU's small ring half full wakes a reader that pauses") {
    Rings rings;
    rings.programs.rings().take_wake();
    rings.programs.request_wake(PIDCAP_WAKE_FILLED);
    rings.record(kSmallRing / 2 / kMost);
    CHECK_FALSE(rings.is_woken(kSoonMs));
    rings.record(kSmallRing / 2 / kLeast);
    CHECK(rings.is_woken(kPatienceMs));

    // One wake-up for each request.
    rings.record(10);
    CHECK_FALSE(rings.is_woken(kSoonMs));
    rings.programs.request_wake(PIDCAP_WAKE_FILLED);
    rings.record(1);
    CHECK(rings.is_woken(kPatienceMs));

    // What is in the rings is all there, and a reader that has read it is not woken by the next
    // one.
    rings.record(kSmallRing / kLeast);
    CHECK(rings.read() == rings.recorded);
    rings.programs.request_wake(PIDCAP_WAKE_FILLED);
    rings.record(1);
    CHECK_FALSE(rings.is_woken(kSoonMs));
}

TEST_CASE("a reader that nothing wakes loses what the rings have no room for") {
    Rings rings;
    rings.programs.request_wake(PIDCAP_WAKE_NEVER);
    rings.record(2 * (kLargeRing + kSmallRing) / kLeast);
    CHECK_FALSE(rings.is_woken(kSoonMs));
    const uint64_t read = rings.read();
    CHECK(read * kLeast < kLargeRing + kSmallRing);
    CHECK(read * kMost > kLargeRing + kSmallRing / 2);
    uint64_t lost = 0;
    for (const pidcap_interface& interface : rings.programs.drops().interfaces()) {
        lost += rings.programs.drops().of(interface).count[PIDCAP_DROP_RING_FULL];
    }
    CHECK(read + lost == rings.recorded);
}
