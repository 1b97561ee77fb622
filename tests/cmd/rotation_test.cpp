// SPDX-License-Identifier: GPL-2.0-only
//
// Names and cuts of a rotation, with a clock of the test's own and time zones of the system's.
#include "cmd/rotation.h"

#include <catch2/catch.hpp>
#include <ctime>
#include <string>
#include <vector>

#include "tests/support/time_zone.h"

using cmd::is_name_of;
using cmd::Rotation;
using cmd::RotationOptions;

namespace {

constexpr uint64_t kSecond = 1'000'000'000;

RotationOptions by_size(std::optional<uint32_t> count = {}) {
    RotationOptions options;
    options.size = 1000;
    options.count = count;
    return options;
}

RotationOptions by_time(int seconds, std::optional<uint32_t> count = {}) {
    RotationOptions options;
    options.interval = std::chrono::seconds(seconds);
    options.count = count;
    return options;
}

// The times of the next cuts.
std::vector<uint64_t> cuts(Rotation rotation, uint64_t from, uint64_t to, uint64_t step) {
    std::vector<uint64_t> seen;
    for (uint64_t time = from; time < to; time += step) {
        if (rotation.due(time)) {
            rotation.cut_by_time(time);
            seen.push_back(time);
        }
    }
    return seen;
}

std::vector<std::string> names_by_size(Rotation rotation, size_t count) {
    std::vector<std::string> names;
    while (names.size() < count) {
        names.push_back(rotation.name());
        rotation.cut_by_size();
    }
    return names;
}

}  // namespace

TEST_CASE("names by size are tcpdump's: the plain one first, then from 1") {
    CHECK(names_by_size(Rotation(by_size(), "a%H", 0), 11) ==
          std::vector<std::string>{"a%H", "a%H1", "a%H2", "a%H3", "a%H4", "a%H5", "a%H6", "a%H7",
                                   "a%H8", "a%H9", "a%H10"});
}

TEST_CASE("a ring's names have as many digits as its largest number, and begin anew") {
    CHECK(names_by_size(Rotation(by_size(3), "a", 0), 5) ==
          std::vector<std::string>{"a0", "a1", "a2", "a0", "a1"});
    const auto ten = names_by_size(Rotation(by_size(10), "a", 0), 11);
    CHECK((ten.front() == "a0" && ten[9] == "a9" && ten.back() == "a0"));
    const auto eleven = names_by_size(Rotation(by_size(11), "a", 0), 12);
    CHECK((eleven.front() == "a00" && eleven[10] == "a10" && eleven.back() == "a00"));
    CHECK(names_by_size(Rotation(by_size(1), "a", 0), 2) == std::vector<std::string>{"a", "a"});
}

TEST_CASE("a file is full when it is larger than the size, not before") {
    const Rotation rotation(by_size(), "a", 0);
    CHECK_FALSE(rotation.full(1000));
    CHECK(rotation.full(1001));
    CHECK_FALSE(rotation.due(~uint64_t{0}));
    CHECK_FALSE(Rotation(by_time(5), "a", 0).full(~uint64_t{0}));
}

TEST_CASE("cuts lie on multiples of the interval, whenever the packets come") {
    const test::TimeZone zone("UTC");
    const uint64_t start = 1'000'003 * kSecond + 7;
    Rotation rotation(by_time(10), "%s", start);
    CHECK(rotation.name() == "1000003");
    CHECK_FALSE(rotation.due(1'000'010 * kSecond - 1));
    CHECK(rotation.due(1'000'010 * kSecond));
    rotation.cut_by_time(1'000'013 * kSecond);  // the first packet comes 3 s later
    CHECK(rotation.name() == "1000010");
    CHECK_FALSE(rotation.due(1'000'020 * kSecond - 1));
    CHECK(rotation.due(1'000'020 * kSecond));
}

TEST_CASE("after a long pause there is one cut, and the file has the interval's name") {
    const test::TimeZone zone("UTC");
    Rotation rotation(by_time(10), "%s", 1'000'003 * kSecond);
    rotation.cut_by_time(1'000'047 * kSecond);
    CHECK(rotation.name() == "1000040");
    CHECK(rotation.due(1'000'050 * kSecond));
    rotation.cut_by_time(2'000'000'000 * kSecond);  // the clock was set
    CHECK(rotation.name() == "2000000000");
}

TEST_CASE("from the start, cuts are multiples of the interval after it, without drift") {
    RotationOptions options = by_time(10);
    options.from_start = true;
    const uint64_t start = 1'000'003 * kSecond + 500;
    CHECK(cuts(Rotation(options, "%s", start), start, start + 41 * kSecond, 500'000'000) ==
          std::vector<uint64_t>{start + 10 * kSecond, start + 20 * kSecond, start + 30 * kSecond,
                                start + 40 * kSecond});
}

TEST_CASE("the interval counts in local time") {
    const test::TimeZone zone("Asia/Kolkata");                          // 5:30 east
    Rotation rotation(by_time(3600), "%H%M", 1'700'000'000 * kSecond);  // 03:43:20
    CHECK(rotation.name() == "0343");
    CHECK(rotation.due(1'700'001'000 * kSecond));
    CHECK_FALSE(rotation.due(1'700'001'000 * kSecond - 1));
    rotation.cut_by_time(1'700'001'000 * kSecond);
    CHECK(rotation.name() == "0400");
}

TEST_CASE("a day's file ends at midnight, also on the days of 23 and 25 hours") {
    const test::TimeZone zone("Europe/Berlin");
    // 2023-03-26 and 2023-10-29, 00:00 local.
    const uint64_t spring = 1'679'785'200;
    const uint64_t autumn = 1'698'530'400;
    Rotation short_day(by_time(86'400), "%F", spring * kSecond);
    CHECK_FALSE(short_day.due((spring + 23 * 3600) * kSecond - 1));
    CHECK(short_day.due((spring + 23 * 3600) * kSecond));
    Rotation long_day(by_time(86'400), "%F", autumn * kSecond);
    CHECK_FALSE(long_day.due((autumn + 25 * 3600) * kSecond - 1));
    CHECK(long_day.due((autumn + 25 * 3600) * kSecond));
    long_day.cut_by_time((autumn + 25 * 3600) * kSecond);
    CHECK(long_day.name() == "2023-10-30");
    // Hours stay hours.
    CHECK(cuts(Rotation(by_time(3600), "%s", autumn * kSecond), autumn * kSecond,
               (autumn + 25 * 3600) * kSecond, 900 * kSecond)
              .size() == 24);
}

TEST_CASE("the number of -C begins anew with each interval") {
    const test::TimeZone zone("UTC");
    RotationOptions options = by_time(10);
    options.size = 1000;
    Rotation rotation(options, "%s", 1'000'000 * kSecond);
    CHECK(rotation.name() == "1000000");
    rotation.cut_by_size();
    CHECK(rotation.name() == "10000001");
    rotation.cut_by_time(1'000'010 * kSecond);
    CHECK(rotation.name() == "1000010");
    rotation.cut_by_size();
    CHECK(rotation.name() == "10000101");
    CHECK_FALSE(rotation.end());
}

TEST_CASE("with a size, an interval and a number, each interval has a ring, and there is no end") {
    const test::TimeZone zone("UTC");
    RotationOptions options = by_time(10, 2);
    options.size = 1000;
    Rotation rotation(options, "%s.", 1'000'000 * kSecond);
    CHECK(names_by_size(rotation, 3) ==
          std::vector<std::string>{"1000000.0", "1000000.1", "1000000.0"});
    rotation.cut_by_time(1'000'010 * kSecond);
    rotation.cut_by_time(1'000'020 * kSecond);
    CHECK(rotation.name() == "1000020.0");
    CHECK_FALSE(rotation.end());
}

TEST_CASE("the last of a number of intervals tells when it ends") {
    const test::TimeZone zone("UTC");
    Rotation rotation(by_time(10, 2), "%s", 1'000'003 * kSecond);
    CHECK_FALSE(rotation.end());
    rotation.cut_by_time(1'000'010 * kSecond);
    CHECK(rotation.end() == 1'000'020 * kSecond);
    CHECK(Rotation(by_time(10, 1), "%s", 1'000'003 * kSecond).end() == 1'000'010 * kSecond);
}

TEST_CASE("names that later files repeat are noticed") {
    const test::TimeZone zone("UTC");
    const auto repeats = [](const RotationOptions& options, const char* pattern) {
        return Rotation(options, pattern, 1'000'003 * kSecond).repeats();
    };
    CHECK(repeats(by_time(10), "a"));
    CHECK(repeats(by_time(60), "%S"));
    CHECK(repeats(by_time(60), "%H"));
    CHECK_FALSE(repeats(by_time(60), "%H%M"));
    CHECK_FALSE(repeats(by_time(60), "%s"));
    CHECK_FALSE(repeats(by_time(10, 1), "a"));  // there is but one
    CHECK_FALSE(repeats(by_size(), "a"));
}

TEST_CASE("only names that the pattern gives are taken for old files") {
    const RotationOptions time = by_time(10);
    CHECK(is_name_of("a-%Y%m%d-%H%M%S.pcapng", time, "a-20231114-221320.pcapng"));
    CHECK(is_name_of("a-%Y%m%d-%H%M%S.pcapng", time, "a-20231114-221320.pcapng.part"));
    CHECK(is_name_of("a-%Y%m%d-%H%M%S.pcapng", time, "a-20231114-221320.pcapng.gz"));
    CHECK(is_name_of("a-%s", time, "a-1700000000"));
    for (const char* other :
         {"a-.pcapng", "a-20231114-221320.pcap", "b-20231114-221320.pcapng", "a-important.pcapng",
          "a-20231114-221320.pcapng1", "a-20231114-221320.pcapng.txt", "", "."}) {
        INFO(other);
        CHECK_FALSE(is_name_of("a-%Y%m%d-%H%M%S.pcapng", time, other));
    }
    CHECK(is_name_of("a", by_size(), "a"));
    CHECK(is_name_of("a", by_size(), "a12"));
    CHECK(is_name_of("a", by_size(), "a12.part"));
    CHECK_FALSE(is_name_of("a", by_size(), "ab"));
    CHECK_FALSE(is_name_of("a", by_size(), "a1b"));
    CHECK_FALSE(is_name_of("a", by_size(), "ba1"));
    RotationOptions both = by_time(10);
    both.size = 1;
    CHECK(is_name_of("a-%H%M%S.", both, "a-221320.17"));
    CHECK_FALSE(is_name_of("a-%H%M%S.", both, "a-2213.x"));
}

TEST_CASE("an interval that changes moves the cut of the file at hand") {
    const test::TimeZone zone("UTC");
    Rotation rotation(by_time(100), "a-%s", 1'005 * kSecond);
    CHECK_FALSE(rotation.due(1'050 * kSecond));
    rotation.change(by_time(10));
    CHECK_FALSE(rotation.due(1'009 * kSecond));
    REQUIRE(rotation.due(1'010 * kSecond));
    // What has passed meanwhile is one file.
    rotation.cut_by_time(1'050 * kSecond);
    CHECK(rotation.name() == "a-1050");
    CHECK(rotation.due(1'060 * kSecond));
    rotation.change(by_time(3600));
    CHECK_FALSE(rotation.due(3'599 * kSecond));
    CHECK(rotation.due(3'600 * kSecond));
    rotation.cut_by_time(3'600 * kSecond);
    CHECK(rotation.name() == "a-3600");
}

TEST_CASE("a size that changes is that of the file at hand, and the number goes on") {
    Rotation rotation(by_size(), "a", 0);
    rotation.cut_by_size();
    RotationOptions larger = by_size();
    larger.size = 5000;
    rotation.change(larger);
    CHECK_FALSE(rotation.full(5000));
    CHECK(rotation.full(5001));
    rotation.cut_by_size();
    CHECK(rotation.name() == "a2");
}
