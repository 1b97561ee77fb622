// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/process_usage.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "forensics/report/report.h"
#include "packet/event/frame.h"
#include "packet/event/record.h"

using forensics::ProcessUsage;
using forensics::UsagePoint;
using packet::ProcessSample;
using packet::SampleInterval;

namespace {

constexpr uint64_t kStart = 1'763'650'000'000'000'000;
constexpr uint64_t kSecond = 1'000'000'000;

forensics::Packet event_of(const forensics::Process* process, std::optional<uint64_t> time_ns) {
    forensics::Packet event;
    event.time_ns = time_ns;
    event.self.process = process;
    return event;
}

uint64_t cpu_of(const std::vector<UsagePoint>& points) {
    return std::accumulate(
        points.begin(), points.end(), uint64_t{0},
        [](uint64_t sum, const UsagePoint& point) { return sum + point.cpu_ns; });
}

}  // namespace

TEST_CASE("samples become points with what was used since the one before") {
    const forensics::Process process;
    ProcessUsage usage;
    usage.add(event_of(&process, kStart), {.rss_bytes = 500});
    usage.add(event_of(&process, kStart + kSecond),
              {.rss_bytes = 700, .interval = SampleInterval{kSecond, kSecond / 4}});
    usage.add(event_of(&process, std::nullopt), {.rss_bytes = 1});
    usage.add(event_of(nullptr, kStart), {.rss_bytes = 1});
    const auto all = usage.largest(10);
    REQUIRE(all.size() == 1);
    CHECK(all[0].process == &process);
    CHECK(all[0].cpu_ns == kSecond / 4);
    REQUIRE(all[0].points.size() == 2);
    const UsagePoint& first = all[0].points[0];
    CHECK(first.from_ns == kStart);
    CHECK(first.to_ns == kStart);
    CHECK(first.interval_ns == 0);
    CHECK(first.rss_bytes == 500);
    const UsagePoint& second = all[0].points[1];
    CHECK(second.from_ns == kStart);
    CHECK(second.to_ns == kStart + kSecond);
    CHECK(second.interval_ns == kSecond);
    CHECK(second.cpu_ns == kSecond / 4);
    CHECK(second.rss_bytes == 700);
}

TEST_CASE("a day of samples keeps its sums and its most memory in a bounded number of points") {
    constexpr uint64_t kSamples = 86'400;
    const forensics::Process process;
    ProcessUsage usage;
    uint64_t cpu = 0;
    for (uint64_t i = 0; i < kSamples; i++) {
        const uint64_t used = (i % 10) * kSecond / 100;
        cpu += used;
        usage.add(
            event_of(&process, kStart + i * kSecond),
            {.rss_bytes = i == 5000 ? 999U : 100U, .interval = SampleInterval{kSecond, used}});
    }
    const auto all = usage.largest(1);
    const auto& points = all.at(0).points;
    CHECK(points.size() <= ProcessUsage::kPoints);
    CHECK(points.size() > ProcessUsage::kPoints / 2 - 2);
    CHECK(all[0].cpu_ns == cpu);
    CHECK(cpu_of(points) == cpu);
    CHECK(points.front().from_ns == kStart - kSecond);
    CHECK(points.back().to_ns == kStart + (kSamples - 1) * kSecond);
    size_t with_most = 0;
    for (size_t i = 0; i < points.size(); i++) {
        with_most += points[i].rss_bytes == 999 ? 1 : 0;
        CHECK((i == 0 || points[i].from_ns == points[i - 1].to_ns));
        CHECK(points[i].interval_ns == points[i].to_ns - points[i].from_ns);
    }
    CHECK(with_most == 1);
}

TEST_CASE("times that go back and forth need no more points") {
    const forensics::Process process;
    ProcessUsage usage;
    for (uint64_t i = 0; i < 5000; i++) {
        usage.add(event_of(&process, i % 2 == 0 ? 0 : UINT64_MAX),
                  {.rss_bytes = i, .interval = SampleInterval{UINT64_MAX, UINT64_MAX}});
    }
    CHECK(usage.largest(1).at(0).points.size() <= ProcessUsage::kPoints);
}

TEST_CASE("of too many processes those with the most CPU time are kept, and the others counted") {
    constexpr size_t kProcesses = ProcessUsage::kMost + 100;
    std::deque<forensics::Process> processes;
    ProcessUsage usage;
    for (size_t i = 0; i < kProcesses; i++) {
        forensics::Process& process = processes.emplace_back();
        process.number = static_cast<uint32_t>(i);
        // The earliest use the most.
        usage.add(event_of(&process, kStart),
                  {.rss_bytes = 1, .interval = SampleInterval{kSecond, kProcesses - i}});
    }
    CHECK(usage.size() == kProcesses);
    const auto largest = usage.largest(3);
    REQUIRE(largest.size() == 3);
    for (size_t i = 0; i < 3; i++) {
        CHECK(largest[i].process == &processes[i]);
    }
}

TEST_CASE("samples are in no row of marks, and a sample without an interval has none") {
    forensics::Interface interface;
    interface.name = "process:sample";
    interface.event = std::make_shared<const packet::EventLayout>(
        packet::lay_out({{.name = "rss", .size = 8},
                         {.name = "interval_ns", .size = 8},
                         {.name = "interval_user_ns", .size = 8},
                         {.name = "interval_system_ns", .size = 8}}));
    packet::EventRecord record(interface.event);
    record.set_number("rss", 4096);
    record.set_number("interval_ns", kSecond);
    record.set_number("interval_user_ns", 70);
    record.set_number("interval_system_ns", 7);
    const forensics::Process process;
    forensics::ReportedEvents events;
    const auto add = [&](std::span<const uint8_t> bytes, uint64_t time_ns) {
        std::vector<uint8_t> frame;
        packet::append_frame(frame, bytes);
        forensics::Packet event = event_of(&process, time_ns);
        event.interface = &interface;
        event.data = frame;
        events.add(event);
    };
    add(record.bytes().first(8), kStart);
    add(record.bytes(), kStart + kSecond);
    add(record.bytes().first(7), kStart + 2 * kSecond);  // nothing whole
    CHECK(events.lane.bins().size() == 1);               // which is an event like others
    const auto usage = events.usage.largest(1);
    REQUIRE(usage.size() == 1);
    REQUIRE(usage[0].points.size() == 2);
    CHECK(usage[0].points[0].interval_ns == 0);
    CHECK(usage[0].points[1].cpu_ns == 77);
    CHECK(usage[0].points[1].rss_bytes == 4096);
}
