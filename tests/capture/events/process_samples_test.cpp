// SPDX-License-Identifier: GPL-2.0-only
#include "capture/events/process_samples.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "packet/event/process_sample.h"

using capture::EventSet;
using capture::ProcessSamples;
using capture::ProcStat;

namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kTick = 10'000'000;
constexpr uint64_t kPage = 4096;

// Samples of made-up processes, once a second.
struct Fixture {
    Fixture() {
        REQUIRE(events.add(std::string(packet::kSampleEvent), ProcessSamples::layout()));
        samples.emplace(
            events, ProcessSamples::Settings{std::chrono::seconds(1), kTick, kPage},
            [this](uint32_t process) -> pcapng::Result<ProcStat> {
                reads++;
                const auto found = stats.find(process);
                return found != stats.end() ? pcapng::Result<ProcStat>(found->second)
                                            : pcapng::errno_error("read a process", ESRCH);
            },
            [this] { return now; });
    }

    using Values = std::map<std::string, uint64_t>;

    // Samples these processes, and returns what comes of it.
    std::vector<std::pair<uint32_t, Values>> sample(const std::vector<uint32_t>& processes) {
        samples->begin(processes);
        while (samples->milliseconds_left() == 0) {
            samples->read_some();
        }
        std::vector<std::pair<uint32_t, Values>> all;
        while (const auto one = samples->take(UINT64_MAX)) {
            all.emplace_back(one->process, values_of(one->record));
        }
        return all;
    }

    static Values values_of(const std::vector<uint8_t>& record) {
        const packet::EventLayout layout = ProcessSamples::layout();
        Values values;
        for (const packet::EventValue& value : packet::read_event(layout, record)) {
            values[value.field->name] = std::get<uint64_t>(value.value);
        }
        return values;
    }

    uint64_t now = 100 * kSecond;
    size_t reads = 0;
    std::map<uint32_t, ProcStat> stats;
    EventSet events;
    std::optional<ProcessSamples> samples;
};

ProcStat stat_of(uint64_t user_ticks, uint64_t system_ticks, uint64_t pages) {
    ProcStat stat;
    stat.state = 'S';
    stat.user_ticks = user_ticks;
    stat.system_ticks = system_ticks;
    stat.threads = 3;
    stat.resident_pages = pages;
    return stat;
}

}  // namespace

TEST_CASE("a process's first sample has its sums, and nothing of an interval") {
    Fixture of;
    of.stats[7] = stat_of(250, 50, 1000);
    const auto samples = of.sample({7});
    REQUIRE(samples.size() == 1);
    CHECK(samples[0].first == 7);
    CHECK(samples[0].second == Fixture::Values{{"rss", 1000 * kPage},
                                               {"threads", 3},
                                               {"user_ns", 250 * kTick},
                                               {"system_ns", 50 * kTick}});
}

TEST_CASE("later samples have what was used since the one before") {
    Fixture of;
    of.stats[7] = stat_of(250, 50, 1000);
    of.sample({7});
    of.now += 2 * kSecond;
    of.stats[7] = stat_of(300, 51, 900);
    const auto samples = of.sample({7});
    REQUIRE(samples.size() == 1);
    Fixture::Values values = samples[0].second;
    CHECK(values["rss"] == 900 * kPage);
    CHECK(values["user_ns"] == 300 * kTick);
    CHECK(values["interval_ns"] == 2 * kSecond);
    CHECK(values["interval_user_ns"] == 50 * kTick);
    CHECK(values["interval_system_ns"] == 1 * kTick);
    CHECK(values["cpu_percent"] == 26);  // 0.51 s of 2 s, rounded
}

TEST_CASE("a share may be more than one CPU, and time that falls is none") {
    Fixture of;
    of.stats[7] = stat_of(0, 100, 1);
    of.sample({7});
    of.now += kSecond;
    of.stats[7] = stat_of(390, 99, 1);
    Fixture::Values values = of.sample({7}).at(0).second;
    CHECK(values["cpu_percent"] == 390);
    CHECK(values["interval_system_ns"] == 0);
}

TEST_CASE("who has ended, or is about to, has no sample") {
    Fixture of;
    of.stats[7] = stat_of(1, 1, 1);
    of.stats[7].state = 'Z';
    of.stats[8] = stat_of(1, 1, 1);
    of.stats[8].state = 'X';
    CHECK(of.sample({7, 8, 9}).empty());
    CHECK(of.reads == 3);
}

TEST_CASE("a number that was forgotten begins anew") {
    Fixture of;
    of.samples->saw(7);
    of.stats[7] = stat_of(100, 0, 1);
    of.sample({7});
    of.samples->forget(7);
    CHECK_FALSE(of.samples->has_seen(7));
    of.now += kSecond;
    of.stats[7] = stat_of(5, 0, 1);
    CHECK_FALSE(of.sample({7}).at(0).second.contains("interval_ns"));
}

TEST_CASE("samples are due at multiples of the interval, and missed ones are left out") {
    Fixture of;
    CHECK(of.samples->due());
    of.samples->begin({});
    CHECK_FALSE(of.samples->due());
    CHECK(of.samples->milliseconds_left() == 1000);
    of.now += kSecond - 1;
    CHECK_FALSE(of.samples->due());
    CHECK(of.samples->milliseconds_left() == 1);
    of.now += 1 + kSecond / 4;  // a quarter too late
    CHECK(of.samples->due());
    of.samples->begin({});
    CHECK(of.samples->milliseconds_left() == 750);
    of.now += 5 * kSecond;
    CHECK(of.samples->due());
    of.samples->begin({});
    CHECK_FALSE(of.samples->due());
    CHECK(of.samples->milliseconds_left() == 750);
}

TEST_CASE("a few are read at a time, and each sample waits for its turn") {
    Fixture of;
    std::vector<uint32_t> processes;
    for (uint32_t process = 0; process < ProcessSamples::kAtOnce + 1; process++) {
        processes.push_back(process);
        of.stats[process] = stat_of(1, 1, 1);
    }
    of.samples->begin(processes);
    of.samples->read_some();
    CHECK(of.reads == ProcessSamples::kAtOnce);
    CHECK(of.samples->milliseconds_left() == 0);
    CHECK_FALSE(of.samples->take(of.now - 1));
    CHECK(of.samples->take(of.now));
    of.samples->read_some();
    CHECK(of.reads == processes.size());
    CHECK(of.samples->milliseconds_left() == 1);  // until the next round
}

TEST_CASE("of too many processes those with packets are sampled, and the others counted") {
    Fixture of;
    std::vector<uint32_t> processes;
    for (uint32_t process = 0; process < ProcessSamples::kMost + 10; process++) {
        processes.push_back(process);
        of.stats[process] = stat_of(1, 1, 1);
    }
    const uint32_t last = processes.back();
    of.samples->saw(last);
    const auto samples = of.sample(processes);
    CHECK(samples.size() == ProcessSamples::kMost);
    CHECK(samples.front().first == last);
    CHECK(of.samples->left_out() == 10);
    of.sample({1});
    CHECK(of.samples->left_out() == 0);
}
