// SPDX-License-Identifier: GPL-2.0-only
//
// Times in a file: in order over all CPUs, by the wall clock, to the nanosecond.
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <thread>

#include "capture/clock.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

using namespace test;

TEST_CASE("packets of all CPUs at once are in the order of their time", "[alone]") {
    constexpr uint32_t kEach = 60'000;
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("order.pcapng");
    const pcapng::Fd receiver = udp_socket(netns, "127.0.0.1", 9);
    std::vector<pcapng::Fd> senders;
    for (int cpu = 0; cpu < std::max(2, cpu_count()); cpu++) {
        senders.push_back(udp_socket(netns, "127.0.0.1"));
        connect_to(senders.back(), "127.0.0.1", 9);
    }
    const uint64_t started = capture::clock_ns(CLOCK_REALTIME);
    Capture capture(netns, {"-i", "lo", "-w", file, "-s", "64", "-B", "65536"});
    const uint64_t sent = flood(senders, kEach, 16);
    capture.stop();
    const uint64_t ended = capture::clock_ns(CLOCK_REALTIME);

    const auto packets = packets_of(file);
    REQUIRE(packets.size() == sent);
    REQUIRE(sent >= 100'000);
    size_t switches = 0;
    size_t below_microsecond = 0;
    uint16_t last_port = 0;
    for (size_t i = 0; i < packets.size(); i++) {
        if (i > 0) {
            REQUIRE(packets[i - 1].time_ns <= packets[i].time_ns);
        }
        uint16_t port = 0;
        std::memcpy(&port, packets[i].data.data() + 34, sizeof(port));
        switches += port != last_port;
        last_port = port;
        below_microsecond += packets[i].time_ns % 1000 != 0;
    }
    // The order was put to the test: the senders' packets alternate.
    CHECK(switches > 100);
    CHECK(below_microsecond > packets.size() / 2);
    CHECK(packets.front().time_ns + 1'000'000'000 > started);
    CHECK(packets.back().time_ns < ended + 1'000'000'000);
    const std::string info = output_of({"capinfos", "-o", file});
    CHECK(info.find("Strict time order:   True") != std::string::npos);
}

TEST_CASE("each packet's time is that of the wall clock when it was sent") {
    const Loopback lo;
    const TemporaryFolder folder;
    const std::string file = folder.file("time.pcapng");
    Capture capture(lo.netns, {"-i", "lo", "-w", file});
    std::vector<std::pair<uint64_t, uint64_t>> moments;
    for (uint32_t number = 0; number < 50; number++) {
        const uint64_t before = capture::clock_ns(CLOCK_REALTIME);
        send_numbered(lo.sender, number, 1, 100);
        moments.emplace_back(before, capture::clock_ns(CLOCK_REALTIME));
    }
    capture.stop();

    constexpr uint64_t kTolerance = 2'000'000;  // twice what the clock's own check lets pass
    const auto packets = packets_of(file);
    REQUIRE(packets.size() == moments.size());
    for (size_t i = 0; i < packets.size(); i++) {
        CHECK(packets[i].time_ns + kTolerance >= moments[i].first);
        CHECK(packets[i].time_ns <= moments[i].second + kTolerance);
    }
}

// A process that is interrupted between two looks at the clocks must not believe the difference.
TEST_CASE("a busy machine doesn't push the wall clock ahead", "[alone]") {
    cpu_set_t before;
    sched_getaffinity(0, sizeof(before), &before);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof(one), &one);
    std::atomic<bool> done = false;
    std::vector<std::thread> busy;
    for (int i = 0; i < 3; i++) {  // on the same CPU: they inherit the affinity
        busy.emplace_back([&done] {
            while (!done) {
            }
        });
    }
    capture::WallClock clock;
    const uint64_t until = capture::clock_ns(CLOCK_MONOTONIC) + 2'000'000'000;
    while (capture::clock_ns(CLOCK_MONOTONIC) < until) {
        clock.update();
    }
    done = true;
    for (std::thread& thread : busy) {
        thread.join();
    }
    sched_setaffinity(0, sizeof(before), &before);
    int64_t error = INT64_MAX;
    for (int tries = 0; tries < 100; tries++) {
        const uint64_t wall = clock.from_mono(capture::clock_ns(CLOCK_MONOTONIC));
        const auto difference = static_cast<int64_t>(wall - capture::clock_ns(CLOCK_REALTIME));
        error = std::min(error, std::abs(difference));
    }
    CHECK(error < 1'000'000);
}
