// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/trigger.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "cmd/recorder/counter_history.h"
#include "cmd/recorder/kept_files.h"
#include "cmd/rotation.h"
#include "tests/support/time_zone.h"

using namespace cmd;

namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kTime = 1795956295 * kSecond + 123456789;  // 2026-11-29 12:44:55 UTC

Trigger at(uint64_t time_ns, Trigger::Kind kind = Trigger::Kind::kSignal) {
    return {.kind = kind, .time_ns = time_ns};
}

}  // namespace

TEST_CASE("a trigger's file is named by time and kind") {
    const test::TimeZone utc("UTC");
    using Kind = Trigger::Kind;
    CHECK(trigger_file_name("trace.pcapng", at(kTime)) == "trace-20261129-124455-signal.pcapng");
    CHECK(trigger_file_name("trace", at(kTime, Kind::kCommand)) == "trace-20261129-124455-command");
    CHECK(trigger_file_name("t.pcapng.zst", at(kTime)) == "t-20261129-124455-signal.pcapng.zst");
    CHECK(trigger_file_name("a-%H%M.pcapng", at(kTime, Kind::kExpression)) ==
          "a-1244-expression.pcapng");
    CHECK(trigger_file_name("%Y.%m", at(kTime)) == "2026.11-signal");
    CHECK(trigger_file_name("100%%.pcapng", at(kTime)) == "100%-20261129-124455-signal.pcapng");
    CHECK(numbered_name("a-signal.pcapng", 1) == "a-signal.pcapng");
    CHECK(numbered_name("a-signal.pcapng", 2) == "a-signal-2.pcapng");
}

TEST_CASE("names of triggers' files are recognised, and no others") {
    const test::TimeZone utc("UTC");
    for (const std::string pattern : {"trace.pcapng", "trace", "a-%H%M.pcapng", "t.pcapng.zst"}) {
        INFO(pattern);
        const std::string name = trigger_file_name(pattern, at(kTime, Trigger::Kind::kCommand));
        CHECK(is_trigger_file_name(pattern, name));
        CHECK(is_trigger_file_name(pattern, name + ".part"));
        CHECK(is_trigger_file_name(pattern, numbered_name(name, 12)));
        CHECK_FALSE(is_trigger_file_name(pattern, "x" + name));
        CHECK_FALSE(is_trigger_file_name(pattern, pattern));
        CHECK_FALSE(is_trigger_file_name(pattern, name + "x"));
    }
    CHECK_FALSE(is_trigger_file_name("trace.pcapng", "trace-20261129-124455-wish.pcapng"));
    CHECK_FALSE(is_trigger_file_name("trace.pcapng", "trace-backup-signal.pcapng"));
}

TEST_CASE("a rotation takes no file that was kept for a trigger for one of its own") {
    const test::TimeZone utc("UTC");
    for (const std::string pattern : {"trace.pcapng", "trace", "a-%H%M.pcapng", "a-%s"}) {
        for (const bool by_time : {false, true}) {
            RotationOptions options;
            options.size = 1000;
            if (by_time) {
                options.interval = std::chrono::seconds(60);
            }
            INFO(pattern << by_time);
            const std::string name = trigger_file_name(pattern, at(kTime));
            CHECK_FALSE(is_name_of(pattern, options, name));
            CHECK_FALSE(is_name_of(pattern, options, numbered_name(name, 3)));
        }
    }
}

TEST_CASE("the comment says what, when, by whom, and the note last") {
    Trigger trigger = at(kTime, Trigger::Kind::kCommand);
    CHECK(trigger_comment(trigger, {}) ==
          "trigger=command time=2026-11-29T12:44:55.123456789Z before=30s after=60s");
    trigger.uid = 1000;
    trigger.note = "slow again";
    CHECK(trigger_comment(trigger, {std::chrono::milliseconds(500), std::chrono::minutes(2)}) ==
          "trigger=command time=2026-11-29T12:44:55.123456789Z before=0.5s after=120s uid=1000 "
          "note=slow again");
}

TEST_CASE("a window keeps the files that it covers, each once") {
    KeptFiles kept({std::chrono::seconds(30), std::chrono::seconds(60)});
    const auto second = [](uint64_t s) { return kTime + s * kSecond; };
    CHECK(kept.completing("a", second(0), second(20)).empty());
    CHECK(kept.completing("b", second(20), second(40)).empty());
    CHECK(kept.completing("c", second(40), second(60)).empty());
    // From 35 to 125.
    CHECK(kept.trigger(second(65), "kept") == std::vector<std::string>{"b", "c"});
    CHECK(kept.until() == second(125));
    CHECK(kept.completing("d", second(60), second(80)) == "kept");
    // Longer, to 145: what was complete by then is kept already.
    CHECK(kept.trigger(second(85), "other").empty());
    CHECK(kept.kept_as() == "kept");
    CHECK(kept.completing("e", second(80), second(130)) == "kept");
    CHECK_FALSE(kept.ends_at(second(130)));
    CHECK(kept.completing("f", second(130), second(150)) == "kept");
    CHECK(kept.ends_at(second(150)));
    kept.end_window();
    CHECK(kept.completing("g", second(150), second(170)).empty());
    // The next window has the files that both cover, too.
    CHECK(kept.trigger(second(171), "next") == std::vector<std::string>{"f", "g"});
}

TEST_CASE("a file whose name is used again is there no more") {
    KeptFiles kept({std::chrono::seconds(30), std::chrono::seconds(60)});
    CHECK(kept.completing("a0", kTime, kTime + 1).empty());
    CHECK(kept.completing("a1", kTime + 1, kTime + 2).empty());
    kept.gone("a0");
    CHECK(kept.trigger(kTime + 3, "kept") == std::vector<std::string>{"a1"});
}

TEST_CASE("the counters of a window are those since the entry before it, however long ago") {
    CounterHistory history;
    CounterHistory::Counters now(2);
    uint64_t time = kTime;
    for (uint64_t i = 0; i < 10'000; i++, time += kSecond) {
        if (history.due(time)) {
            history.add(time, now);
        }
        now[0].captured += 100;
        now[0].filtered += 3;
        now[1].dropped[0] += 2;
    }
    for (const uint64_t ago : {5U, 100U, 3000U, 9000U}) {
        const CounterHistory::Since since = history.since(time - ago * kSecond, now);
        INFO(ago);
        CHECK(since.time_ns <= time - ago * kSecond);
        // No coarser than the history allows.
        CHECK(since.time_ns + 140 * kSecond > time - ago * kSecond);
        const uint64_t seconds = (time - since.time_ns) / kSecond;
        CHECK(since.counters[0].filtered == 3 * seconds);
        CHECK(since.counters[1].dropped[0] == 2 * seconds);
        CHECK(since.counters[0].captured == 0);
    }
    history.forget_before(time - 100 * kSecond);
    const CounterHistory::Since oldest = history.since(kTime, now);
    CHECK(oldest.counters[0].filtered == 3 * ((time - oldest.time_ns) / kSecond));
    CHECK(oldest.time_ns <= time - 100 * kSecond);
}
