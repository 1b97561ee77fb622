// SPDX-License-Identifier: GPL-2.0-only
//
// The other end of sd_notify(3)'s protocol is a socket of the test's own.
#include "cmd/service_manager.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "cmd/message.h"
#include "tests/support/notify_socket.h"
#include "tests/support/temporary_folder.h"

namespace {

using cmd::ServiceManager;
using namespace std::chrono_literals;

// A service manager of this process.
test::NotifySocket listen_at(const std::string& address) {
    setenv("NOTIFY_SOCKET", address.c_str(), 1);
    return test::NotifySocket(address);
}

}  // namespace

TEST_CASE("a service manager hears of each step, by a path or an abstract name") {
    const test::TemporaryFolder folder;
    const bool abstract = GENERATE(false, true);
    auto listener =
        listen_at(abstract ? "@pidcap-test-" + std::to_string(getpid()) : folder.file("notify"));
    ServiceManager manager = ServiceManager::from_environment();
    CHECK(manager.present());
    CHECK(getenv("NOTIFY_SOCKET") == nullptr);
    manager.ready("listening on lo");
    manager.reloading();
    manager.stopping();
    const auto heard = listener.heard();
    REQUIRE(heard.size() == 3);
    CHECK(heard[0] == "READY=1\nSTATUS=listening on lo");
    CHECK_THAT(heard[1],
               Catch::StartsWith("RELOADING=1\nMONOTONIC_USEC=") && Catch::Contains("\nSTATUS="));
    CHECK_THAT(heard[2], Catch::StartsWith("STOPPING=1\n"));
}

TEST_CASE("the watchdog hears three times in its interval, and only if it is this process's") {
    const test::TemporaryFolder folder;
    auto listener = listen_at(folder.file("notify"));
    const bool ours = GENERATE(true, false);
    setenv("WATCHDOG_USEC", "3000000", 1);
    setenv("WATCHDOG_PID", ours ? std::to_string(getpid()).c_str() : "1", 1);
    ServiceManager manager = ServiceManager::from_environment();
    CHECK((getenv("WATCHDOG_USEC") == nullptr && getenv("WATCHDOG_PID") == nullptr));
    const ServiceManager::Clock::time_point start{1000s};
    for (auto time = 0ms; time < 6s; time += 100ms) {
        manager.alive(start + time);
    }
    CHECK(listener.heard() == std::vector<std::string>(ours ? 6 : 0, "WATCHDOG=1"));
}

TEST_CASE("the status is told every ten seconds") {
    const test::TemporaryFolder folder;
    auto listener = listen_at(folder.file("notify"));
    ServiceManager manager = ServiceManager::from_environment();
    const ServiceManager::Clock::time_point start{1000s};
    for (auto time = 0s; time < 21s; time += 1s) {
        if (manager.status_due(start + time)) {
            manager.update("5 packets", start + time);
        }
    }
    CHECK(listener.heard() == std::vector<std::string>(3, "STATUS=5 packets"));
}

TEST_CASE("without a service manager, or with one that can't be reached, nothing is said") {
    const std::string address =
        GENERATE("", "@", "/no/such/socket", "relative", "vsock:2:1234", std::string(200, '/'));
    INFO(address);
    setenv("NOTIFY_SOCKET", address.c_str(), 1);
    setenv("WATCHDOG_USEC", "x", 1);
    ServiceManager manager = ServiceManager::from_environment();
    CHECK_FALSE(manager.present());
    CHECK_FALSE(manager.status_due(ServiceManager::Clock::now()));
    manager.ready("x");
    manager.alive(ServiceManager::Clock::now());
}

TEST_CASE("the journal gets each line with its priority, and without the program's name") {
    using cmd::journal_lines;
    using cmd::Priority;
    CHECK(journal_lines("pidcap: no such file\n", Priority::kError) == "<3>no such file\n");
    CHECK(journal_lines("pidcap: a\nTry 'pidcap --help'.\n", Priority::kInfo) ==
          "<6>a\n<6>Try 'pidcap --help'.\n");
    CHECK(journal_lines("pidcap read: <1>x", Priority::kNotice) == "<5>pidcap read: <1>x\n");
}
