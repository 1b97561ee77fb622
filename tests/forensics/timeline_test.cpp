// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/timeline.h"

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <numeric>
#include <random>

using forensics::At;
using forensics::Packet;
using forensics::Process;
using forensics::Timeline;

namespace {

constexpr auto kSent = static_cast<size_t>(Timeline::Lane::kSent);
constexpr auto kReceived = static_cast<size_t>(Timeline::Lane::kReceived);
constexpr auto kEither = static_cast<size_t>(Timeline::Lane::kEither);
constexpr uint64_t kMs = 1'000'000;

std::deque<Process> processes(uint32_t count) {
    std::deque<Process> made(count);
    for (uint32_t i = 0; i < count; ++i) {
        made[i].number = i;
        made[i].pid = 100 + i;
    }
    return made;
}

Packet make_packet(uint64_t time_ns, uint32_t bytes, const Process* self, At at = At::kSender,
                   const Process* peer = nullptr) {
    Packet made;
    made.time_ns = time_ns;
    made.wire_length = bytes;
    made.self.process = self;
    made.self_at = at;
    made.peer.process = peer;
    return made;
}

// Bytes by start of their span, the lanes together.
std::map<uint64_t, uint64_t> by_time(const Timeline::Traffic& traffic,
                                     const Timeline::Series& series) {
    std::map<uint64_t, uint64_t> found;
    for (const auto& lane : series.bytes) {
        for (size_t i = 0; i < lane.size(); ++i) {
            if (lane[i] != 0) {
                found[traffic.start_ns + i * traffic.width_ns] += lane[i];
            }
        }
    }
    return found;
}

}  // namespace

TEST_CASE("a packet counts at its sender and at its receiver") {
    const auto all = processes(2);
    Timeline timeline;
    timeline.add(make_packet(5 * kMs, 100, &all[0], At::kSender, &all[1]));
    timeline.add(make_packet(5 * kMs, 30, &all[0], At::kReceiver));
    timeline.add(make_packet(6 * kMs, 7, &all[1], At::kUnknown));
    timeline.add(make_packet(7 * kMs, 9, nullptr));
    const Timeline::Traffic traffic = timeline.traffic(12);
    CHECK(traffic.start_ns == 5 * kMs);
    CHECK(traffic.width_ns == kMs);
    CHECK(traffic.spans == 3);
    REQUIRE(traffic.processes.size() == 2);
    CHECK(traffic.processes[0].process == &all[0]);
    CHECK(traffic.processes[0].bytes[kSent] == std::vector<uint64_t>{100});
    CHECK(traffic.processes[0].bytes[kReceived] == std::vector<uint64_t>{30});
    CHECK(traffic.processes[1].bytes[kReceived] == std::vector<uint64_t>{100});
    CHECK(traffic.processes[1].bytes[kEither] == std::vector<uint64_t>{0, 7});
    CHECK(traffic.unattributed.total() == 9);
    CHECK(traffic.others.total() == 0);
}

TEST_CASE("a timeline without packets has no spans") {
    Timeline timeline;
    Packet timeless;
    timeless.wire_length = 10;
    timeline.add(timeless);
    CHECK(timeline.traffic(12).spans == 0);
    CHECK(timeline.traffic(12).width_ns == 0);
}

TEST_CASE("spans double until all of the time fits, whatever the order of the packets") {
    const auto all = processes(1);
    std::mt19937_64 random(7);
    for (const uint64_t range : {10 * kMs, 3'000 * kMs, 86'400'000 * kMs, uint64_t{1} << 63}) {
        std::vector<std::pair<uint64_t, uint32_t>> packets;
        for (uint32_t i = 1; i <= 2000; ++i) {
            packets.emplace_back(1'763'650'800'123'456'789 + random() % range, i);
        }
        Timeline timeline;
        for (const auto& [time, bytes] : packets) {
            timeline.add(make_packet(time, bytes, &all[0]));
        }
        const Timeline::Traffic traffic = timeline.traffic(1);
        CHECK(traffic.spans <= Timeline::kSpans);
        // Not wider than needed by more than one doubling.
        CHECK((traffic.spans > Timeline::kSpans / 2 - 2 ||
               traffic.width_ns == Timeline::kFirstWidthNs));
        std::map<uint64_t, uint64_t> expected;
        for (const auto& [time, bytes] : packets) {
            expected[time / traffic.width_ns * traffic.width_ns] += bytes;
        }
        REQUIRE(traffic.processes.size() == 1);
        CHECK(by_time(traffic, traffic.processes[0]) == expected);
    }
}

TEST_CASE("the first and the last time that there can be fit into one timeline") {
    const auto all = processes(1);
    Timeline timeline;
    timeline.add(make_packet(UINT64_MAX, 1, &all[0]));
    timeline.add(make_packet(0, 2, &all[0]));
    timeline.add(make_packet(UINT64_MAX / 2, 3, nullptr));
    const Timeline::Traffic traffic = timeline.traffic(12);
    CHECK(traffic.start_ns == 0);
    CHECK(traffic.spans <= Timeline::kSpans);
    CHECK(traffic.processes.at(0).bytes[kSent].front() == 2);
    CHECK(traffic.processes.at(0).bytes[kSent].back() == 1);
    CHECK(traffic.unattributed.total() == 3);
}

TEST_CASE("processes beyond the largest are the others, and no byte is lost") {
    const auto all = processes(20'000);
    Timeline timeline;
    uint64_t expected = 0;
    for (uint64_t round = 0; round < 3; ++round) {
        for (const Process& process : all) {
            const uint32_t bytes = process.number % 1000 == 999 ? 100'000 : 60;
            timeline.add(make_packet((round * 20'000 + process.number) * kMs, bytes, &process));
            expected += bytes;
        }
    }
    const Timeline::Traffic traffic = timeline.traffic(20);
    REQUIRE(traffic.processes.size() == 20);
    uint64_t sum = traffic.others.total();
    for (const Timeline::Series& series : traffic.processes) {
        CHECK(series.process->number % 1000 == 999);
        CHECK(series.total() == 300'000);
        sum += series.total();
    }
    CHECK(sum == expected);
}
