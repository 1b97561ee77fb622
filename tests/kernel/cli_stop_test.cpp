// SPDX-License-Identifier: GPL-2.0-only
//
// How a capture is told to end, also one whose reader takes nothing.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSoon{5};

using Ends = std::pair<pcapng::Fd, pcapng::Fd>;  // reader, writer

Ends make_pipe() {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    return {pcapng::Fd(ends[0]), pcapng::Fd(ends[1])};
}

Ends make_socket_pair() {
    std::array<int, 2> ends{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    return {pcapng::Fd(ends[0]), pcapng::Fd(ends[1])};
}

// A capture into `ends` that is stuck, with full rings, is told to end.
void check_stuck(const std::vector<std::string>& arguments, const Ends& ends, int number) {
    const Loopback loopback;
    Capture capture(
        Launch{.arguments = arguments, .netns = &loopback.netns, .stdout_fd = ends.second.get()});
    uint64_t sent = send_numbered(loopback.sender, 0, 3000, 200);
    usleep(300'000);  // it has run into the full pipe
    sent += send_numbered(loopback.sender, 0, 20'000, 200);

    const auto start = Clock::now();
    capture.signal(number);
    CHECK(capture.wait() == 1);
    CHECK(Clock::now() - start < kSoon);

    INFO(capture.err());
    CHECK(capture.err().find("nothing was read for 1000 ms") != std::string::npos);
    CHECK(capture.err().find(" not written") != std::string::npos);
    const Totals totals = totals_of(capture.err());
    CHECK(totals.dropped > 0);
    CHECK(totals.captured + totals.dropped == sent);
    // Whoever shares our stdout still has it as it was.
    CHECK((fcntl(ends.second.get(), F_GETFL) & O_NONBLOCK) == 0);
}

// Until the process blocks the signal: pidcap has come as far as its main function.
void wait_until_blocking(pid_t pid, int number) {
    for (int tries = 0; tries < 6000; tries++) {
        const std::string status = content_of("/proc/" + std::to_string(pid) + "/status");
        const std::string mask = status.substr(std::min(status.find("SigBlk:"), status.size()));
        if (!mask.empty() && (std::stoull(mask.substr(8), nullptr, 16) >> (number - 1) & 1) != 0) {
            return;
        }
        usleep(10'000);
    }
    FAIL("process " << pid << " doesn't block signal " << number);
}

std::string read_to_end(const pcapng::Fd& fd) {
    std::string all;
    std::array<char, 65536> chunk{};
    for (ssize_t count = 0; (count = read(fd.get(), chunk.data(), chunk.size())) > 0;) {
        all.append(chunk.data(), static_cast<size_t>(count));
    }
    return all;
}

}  // namespace

TEST_CASE("a capture into a pipe that nobody reads ends when told to, and says what is missing") {
    check_stuck({"-i", "lo", "-B", "1", "-w", "-"}, make_pipe(), SIGTERM);
}

TEST_CASE("a capture into a socket that nobody reads ends when told to") {
    check_stuck({"-i", "lo", "-B", "1", "-w", "-"}, make_socket_pair(), SIGINT);
}

TEST_CASE("lines into a pipe that nobody reads end when told to") {
    check_stuck({"-i", "lo", "-B", "1"}, make_pipe(), SIGINT);
}

TEST_CASE("a reader that goes on reading gets everything, also after the signal") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Ends ends = make_pipe();
    Capture capture(Launch{.arguments = {"-i", "lo", "-w", "-"},
                           .netns = &loopback.netns,
                           .stdout_fd = ends.second.get()});
    ends.second.reset();
    const uint64_t sent = send_numbered(loopback.sender, 0, 5000, 200);
    usleep(300'000);
    capture.signal(SIGTERM);
    usleep(100'000);  // well below its patience of a second
    std::string bytes;
    std::thread reader([&] { bytes = read_to_end(ends.first); });
    const int status = capture.wait();
    reader.join();

    INFO(capture.err());
    CHECK(status == 0);
    CHECK(totals_of(capture.err()).captured == sent);
    const std::string file = folder.file("piped.pcapng");
    pcapng::Fd copy(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(write(copy.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    CHECK(packets_of(file).size() == sent);
}

TEST_CASE("a reader that leaves a socket is noticed while no packets come") {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"-i", "lo"}, {"-i", "lo", "-w", "-"}}) {
        const Netns netns;
        Ends ends = make_socket_pair();
        Capture capture(
            Launch{.arguments = arguments, .netns = &netns, .stdout_fd = ends.second.get()});
        ends.second.reset();
        // As ssh does whose standard input ends: it goes on reading.
        REQUIRE(shutdown(ends.first.get(), SHUT_WR) == 0);
        usleep(500'000);
        REQUIRE(capture.running());
        ends.first.reset();
        INFO(capture.err());
        CHECK(capture.wait() == 0);
    }
}

TEST_CASE("a fifo that nobody opens can be left") {
    const Netns netns;
    const TemporaryFolder folder;
    REQUIRE(mkfifo(folder.file("fifo").c_str(), 0600) == 0);
    Pidcap run(Launch{.arguments = {"-i", "lo", "-w", folder.file("fifo")}, .netns = &netns});
    wait_until_blocking(run.pid(), SIGTERM);
    usleep(1'000'000);
    REQUIRE(run.running());
    run.signal(SIGTERM);
    CHECK(run.wait() == 1);
    CHECK(run.err().find("stopped before the fifo had a reader") != std::string::npos);
}

TEST_CASE("each signal that ends a program finishes the file") {
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
        INFO("signal " << number);
        const Loopback loopback;
        const TemporaryFolder folder;
        const std::string file = folder.file("a.pcapng");
        Capture capture(loopback.netns, {"-i", "lo", "-w", file});
        const uint64_t sent = send_numbered(loopback.sender, 0, 100, 200);
        capture.stop(number);
        CHECK(totals_of(capture.err()).captured == sent);
        CHECK(statistics_of(file).delivered == sent);
    }
}

TEST_CASE("a capture under nohup outlives SIGHUP") {
    const Netns netns;
    const TemporaryFolder folder;
    Capture capture(Launch{.arguments = {"-i", "lo", "-w", folder.file("a.pcapng")},
                           .netns = &netns,
                           .prepare = [] { signal(SIGHUP, SIG_IGN); }});
    capture.signal(SIGHUP);
    usleep(500'000);
    REQUIRE(capture.running());
    capture.stop();
}
