// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/report/event_lane.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "packet/event/frame.h"

using forensics::EventKind;
using forensics::EventLane;
using forensics::LaneBin;

namespace {

constexpr uint64_t kStart = 1'763'650'000'000'000'000;
constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecond = 1000 * kMs;

// Adds events with one number, `errno`.
class Feeder {
  public:
    void add(const std::string& name, std::optional<uint64_t> time_ns, uint32_t number = 0) {
        interface_.name = name;
        packet::EventRecord record(interface_.event);
        record.set_number("errno", number);
        std::vector<uint8_t> frame;
        packet::append_frame(frame, record.bytes());
        forensics::Packet event;
        event.time_ns = time_ns;
        event.interface = &interface_;
        event.data = frame;
        lane.add(event);
    }

    EventLane lane;

  private:
    forensics::Interface interface_ = [] {
        forensics::Interface made;
        made.event = std::make_shared<const packet::EventLayout>(
            packet::lay_out({{.name = "errno", .size = 4}}));
        return made;
    }();
};

}  // namespace

TEST_CASE("the lane tells failures, drops, beginnings, ends and others apart") {
    const std::vector<std::tuple<std::string, uint32_t, EventKind>> cases{
        {"socket:connect", 111, EventKind::kFailure}, {"socket:connect", 0, EventKind::kOther},
        {"socket:bind", 98, EventKind::kFailure},     {"socket:listen", 98, EventKind::kFailure},
        {"socket:close", 104, EventKind::kOther},     {"drop:packet", 0, EventKind::kDrop},
        {"process:fork", 0, EventKind::kStart},       {"process:exec", 0, EventKind::kStart},
        {"process:exit", 0, EventKind::kEnd},         {"tcp:tcp_probe", 1, EventKind::kOther},
    };
    Feeder feeder;
    uint64_t time = kStart;
    for (const auto& [name, number, kind] : cases) {
        feeder.add(name, time += kMs, number);
    }
    feeder.add("drop:packet", std::nullopt);  // has no place
    const std::vector<LaneBin> bins = feeder.lane.bins();
    REQUIRE(bins.size() == cases.size());
    for (size_t i = 0; i < bins.size(); ++i) {
        CHECK(bins[i].kind == std::get<EventKind>(cases[i]));
        REQUIRE(bins[i].events.size() == 1);
        CHECK(bins[i].events[0].name == std::get<std::string>(cases[i]));
        CHECK(bins[i].events[0].time_ns == kStart + (i + 1) * kMs);
        CHECK(bins[i].first_ns == bins[i].events[0].time_ns);
    }
    CHECK(bins[0].events[0].fields == "errno=111");
}

TEST_CASE("what passed through TLS in clear is no part of the report") {
    Feeder feeder;
    feeder.add("tls:plaintext", kStart, 7);
    const std::vector<LaneBin> bins = feeder.lane.bins();
    REQUIRE(bins.size() == 1);
    CHECK(bins[0].kind == EventKind::kOther);
    CHECK(bins[0].events[0].name == "tls:plaintext");
    CHECK(bins[0].events[0].fields.empty());
}

TEST_CASE("many events in any order are all counted, in a bounded number of bins") {
    Feeder feeder;
    std::mt19937_64 random(7);
    std::map<EventKind, uint64_t> added;
    uint64_t first = UINT64_MAX;
    uint64_t last = 0;
    for (int i = 0; i < 100'000; ++i) {
        const uint64_t time = kStart + random() % (3600 * kSecond);
        const bool drop = random() % 3 == 0;
        ++added[drop ? EventKind::kDrop : EventKind::kEnd];
        first = std::min(first, time);
        last = std::max(last, time);
        feeder.add(drop ? "drop:packet" : "process:exit", time);
    }
    const std::vector<LaneBin> bins = feeder.lane.bins();
    CHECK(bins.size() <= 2 * EventLane::kSpans);
    CHECK(bins.size() > EventLane::kSpans / 2);
    std::map<EventKind, uint64_t> counted;
    uint64_t before = 0;
    for (const LaneBin& bin : bins) {
        counted[bin.kind] += bin.count;
        CHECK(bin.events.size() <= EventLane::kKept);
        CHECK(bin.first_ns >= before);
        CHECK(bin.last_ns - bin.first_ns <= 3600 * kSecond / EventLane::kSpans * 4);
        before = bin.first_ns;
        for (const forensics::LaneEvent& event : bin.events) {
            CHECK(event.time_ns >= bin.first_ns);
            CHECK(event.time_ns <= bin.last_ns);
        }
    }
    CHECK(counted == added);
    CHECK(bins.front().first_ns == first);
    CHECK(std::max_element(bins.begin(), bins.end(), [](const auto& a, const auto& b) {
              return a.last_ns < b.last_ns;
          })->last_ns == last);
}

TEST_CASE("times at both ends of 64 bits fit") {
    Feeder feeder;
    for (const uint64_t time : {UINT64_MAX, uint64_t{0}, kStart, UINT64_MAX - 1}) {
        feeder.add("process:exit", time);
    }
    const std::vector<LaneBin> bins = feeder.lane.bins();
    REQUIRE(bins.size() == 3);
    CHECK(bins[0].first_ns == 0);
    CHECK(bins[1].first_ns == kStart);
    CHECK(bins[2].first_ns == UINT64_MAX - 1);
    CHECK(bins[2].last_ns == UINT64_MAX);
    CHECK(bins[2].count == 2);
}
