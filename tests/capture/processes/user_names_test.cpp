// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/user_names.h"

#include <pwd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/wait.h"

namespace {

using capture::UserNames;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr uint32_t kSlow = 1'000'000;     // and above: such a look-up takes half a second
constexpr uint32_t kSlowest = 1'500'000;  // and above: nearly as long as it may
constexpr uint32_t kCrash = 2'000'000;    // the look-up's module crashes

// How many slow ones there were, in whichever process.
std::atomic<int>& slow_look_ups() {
    static auto* const shared = new (mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0)) std::atomic<int>(0);
    return *shared;
}

std::string find_made_up(uint32_t uid) {
    if (uid >= kCrash) {
        abort();
    }
    if (uid >= kSlowest) {
        usleep(4'200'000);
    } else if (uid >= kSlow) {
        slow_look_ups()++;
        usleep(500'000);
    }
    return uid == 7 ? std::string() : "user" + std::to_string(uid);
}

UserNames open_made_up() {
    slow_look_ups() = 0;  // before the process forks
    auto names = UserNames::open(std::nullopt, find_made_up);
    REQUIRE(names);
    return *std::move(names);
}

// Those that come late.
std::set<uint32_t> wait_for_late(UserNames& names, size_t count) {
    std::set<uint32_t> late;
    test::wait_until("late names", [&] {
        for (const uint32_t uid : names.take_late()) {
            late.insert(uid);
        }
        return late.size() >= count;
    });
    return late;
}

// Returns true if this one comes late, within twenty seconds.
bool comes_late(UserNames& names, uint32_t uid) {
    const auto end = Clock::now() + std::chrono::seconds(20);
    while (Clock::now() < end) {
        const std::vector<uint32_t> late = names.take_late();
        if (std::find(late.begin(), late.end(), uid) != late.end()) {
            return true;
        }
        usleep(10'000);
    }
    return false;
}

// What the start may wait for is used up.
void use_up_allowance(UserNames& names) {
    for (uint32_t uid = kSlow + 900; names.name(uid) != ""; uid++) {
    }
}

}  // namespace

TEST_CASE("names are those of the user database") {
    auto names = UserNames::open();
    REQUIRE(names);
    CHECK(names->name(0) == "root");
    const passwd* me = getpwuid(geteuid());
    CHECK(names->name(geteuid()) == (me != nullptr ? me->pw_name : ""));
    CHECK(names->name(4'000'000'000) == "");
    CHECK(names->take_late().empty());
}

TEST_CASE("a name is asked for once, also if there is none") {
    UserNames names = open_made_up();
    CHECK(names.name(1) == "user1");
    CHECK(names.name(1) == "user1");
    CHECK(names.name(7) == "");
    const auto before = Clock::now();
    CHECK(names.name(kSlow) == "user1000000");  // at the start there is time
    CHECK(Clock::now() - before >= milliseconds(500));
    CHECK(names.name(kSlow) == "user1000000");
    CHECK(slow_look_ups() == 1);
}

TEST_CASE("slow look-ups hold the capture for a small part of its time, and come late") {
    UserNames names = open_made_up();
    use_up_allowance(names);
    const auto before = Clock::now();
    for (uint32_t uid = kSlow; uid < kSlow + 3; uid++) {
        CHECK(names.name(uid) == "");
        CHECK(names.name(uid) == "");
    }
    CHECK(names.name(3) == "");                        // behind them
    CHECK(Clock::now() - before < milliseconds(500));  // what a single one takes
    const std::set<uint32_t> late = wait_for_late(names, 5);
    CHECK(late.contains(kSlow));
    CHECK(late.contains(kSlow + 2));
    CHECK(late.contains(3));
    CHECK(names.name(kSlow + 2) == "user1000002");
    CHECK(names.name(3) == "user3");
    CHECK(names.take_late().empty());
}

// After ten seconds it counts as lost.
TEST_CASE("a name that waits behind slow ones comes late, however late") {
    UserNames names = open_made_up();
    for (uint32_t uid = kSlowest; uid < kSlowest + 3; uid++) {
        CHECK(names.name(uid) == "");
    }
    CHECK(comes_late(names, kSlowest + 2));
    CHECK(names.name(kSlowest + 2) == "user1500002");
    CHECK(names.take_late().empty());
}

TEST_CASE("a look-up that crashes costs one name") {
    UserNames names = open_made_up();
    CHECK(names.name(1) == "user1");
    CHECK(names.name(kCrash) == "");
    use_up_allowance(names);
    CHECK(names.name(2) == "");  // later, as the time for waiting is used up
    CHECK(wait_for_late(names, 2).contains(2));
    CHECK(names.name(2) == "user2");
}
