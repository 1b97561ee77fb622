// SPDX-License-Identifier: GPL-2.0-only
//
// Events of sockets, each provoked by this process or a child of it. The oracle is what the program
// itself was told: errno, how long the call took, how many bytes came.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "tests/kernel/seen_events.h"
#include "tests/kernel/socket_calls.h"
#include "tests/support/capture.h"
#include "tests/support/child.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;
using pcapng::Fd;
using Clock = std::chrono::steady_clock;

// Two namespaces; what goes to the far one's 10.0.0.99 finds no answer.
struct Net {
    Netns near;
    Netns far;

    Net() {
        connect_by_veth({near, "v0", "10.0.0.1/24", "fd00::1/64"},
                        {far, "v1", "10.0.0.2/24", "fd00::2/64"});
        near.ip("route add unreachable 198.51.100.1");
        near.ip("route add prohibit 198.51.100.2");
        near.ip("route add blackhole 198.51.100.3");
        near.sysctl("ipv4/tcp_syn_retries", "1");
        near.sysctl("ipv4/neigh/v0/retrans_time_ms", "100");
    }
};

}  // namespace

TEST_CASE("each attempt to connect that fails is one event, with the errno that the program saw") {
    const Net net;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    std::vector<Failure> expected;
    Capture capture(net.near, events("socket", file));
    {
        const InNetns inside(net.near);
        const auto blocking = [&](const char* to, const char* shown, int wanted, int type) {
            const Address address = make_address(to, 9);
            const Fd fd = make_socket(address, type);
            const int error = call_connect(fd, address);
            CAPTURE(to);
            CHECK(error == wanted);
            expected.emplace_back(strerrorname_np(error), shown, "call");
        };
        blocking("127.0.0.1", "127.0.0.1:9", ECONNREFUSED, SOCK_STREAM);
        blocking("::1", "[::1]:9", ECONNREFUSED, SOCK_STREAM);
        blocking("::ffff:127.0.0.1", "127.0.0.1:9", ECONNREFUSED, SOCK_STREAM);
        blocking("10.0.0.2", "10.0.0.2:9", ECONNREFUSED, SOCK_STREAM);
        blocking("192.0.2.1", "192.0.2.1:9", ENETUNREACH, SOCK_STREAM);
        blocking("192.0.2.1", "192.0.2.1:9", ENETUNREACH, SOCK_DGRAM);
        blocking("2001:db8::1", "[2001:db8::1]:9", ENETUNREACH, SOCK_STREAM);
        blocking("198.51.100.1", "198.51.100.1:9", EHOSTUNREACH, SOCK_STREAM);
        blocking("198.51.100.2", "198.51.100.2:9", EACCES, SOCK_DGRAM);
        blocking("198.51.100.3", "198.51.100.3:9", EINVAL, SOCK_STREAM);
        blocking("10.0.0.99", "10.0.0.99:9", EHOSTUNREACH, SOCK_STREAM);

        // The answer comes while connect(2) is on its way out, or later; it is asked for again by
        // connect(2), by SO_ERROR, or not at all.
        const auto later = [&](const char* to, const char* shown, int wanted,
                               const std::function<void(const Fd&, const Address&)>& ask) {
            const Address address = make_address(to, 10);
            const Fd fd = make_socket(address, SOCK_STREAM | SOCK_NONBLOCK);
            CAPTURE(to);
            CHECK(call_connect(fd, address) == EINPROGRESS);
            wait_for_end(fd);
            ask(fd, address);
            expected.emplace_back(strerrorname_np(wanted), shown, "later");
        };
        const auto by_connect = [](const Fd& fd, const Address& address) {
            CHECK(call_connect(fd, address) == ECONNREFUSED);
        };
        const auto by_option_and_connect = [](const Fd& fd, const Address& address) {
            CHECK(error_of(fd) == ECONNREFUSED);
            CHECK(call_connect(fd, address) == ECONNABORTED);
        };
        later("127.0.0.1", "127.0.0.1:10", ECONNREFUSED, by_connect);
        later("127.0.0.1", "127.0.0.1:10", ECONNREFUSED, by_option_and_connect);
        later("10.0.0.2", "10.0.0.2:10", ECONNREFUSED, by_connect);
        later("10.0.0.2", "10.0.0.2:10", ECONNREFUSED, [](const Fd&, const Address&) {});
        later("10.0.0.99", "10.0.0.99:10", EHOSTUNREACH,
              [](const Fd& fd, const Address&) { CHECK(error_of(fd) == EHOSTUNREACH); });

        // One socket that tries twice has failed twice.
        const Address refused = make_address("10.0.0.2", 11);
        const Fd twice = make_socket(refused);
        for (int i = 0; i < 2; i++) {
            CHECK(call_connect(twice, refused) == ECONNREFUSED);
            expected.emplace_back("ECONNREFUSED", "10.0.0.2:11", "call");
        }
    }
    capture.stop();
    std::sort(expected.begin(), expected.end());
    CHECK(failures_in(events_of(file, static_cast<uint32_t>(getpid()), "socket:connect"),
                      "remote") == expected);
}

TEST_CASE("an attempt to connect that times out, or is given up, is an event with its duration") {
    const Net net;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    // Packets to there get lost: the neighbour is known, and nobody.
    net.near.ip("neigh add 10.0.0.98 lladdr 02:00:00:00:00:98 dev v0");
    double seconds = 0;
    Capture capture(net.near, events("socket", file));
    {
        const InNetns inside(net.near);
        const Address silent = make_address("10.0.0.98", 12);
        {
            const Fd given_up = make_socket(silent, SOCK_STREAM | SOCK_NONBLOCK);
            CHECK(call_connect(given_up, silent) == EINPROGRESS);
        }
        const Fd waiting = make_socket(silent);
        const auto before = Clock::now();
        CHECK(call_connect(waiting, silent) == ETIMEDOUT);
        seconds = std::chrono::duration<double>(Clock::now() - before).count();
    }
    capture.stop();
    const auto seen = events_of(file, static_cast<uint32_t>(getpid()), "socket:connect");
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].text("stage") == "given-up");
    CHECK(seen[0].text("errno") == "0");
    CHECK(seen[0].text("remote") == "10.0.0.98:12");
    CHECK(seen[1].text("errno") == "ETIMEDOUT");
    CHECK(seen[1].text("stage") == "call");
    CHECK(seen[1].text("protocol") == "TCP");
    CHECK(seen[1].text("local").starts_with("10.0.0.1:"));
    // Within what we measured lies the time in which the kernel waits for two answers: one second
    // and two more, since Linux 6.5 (tcp_syn_linear_timeouts) one more, less a tick.
    const double duration = static_cast<double>(seen[1].number("duration_ns")) / 1e9;
    CHECK(duration <= seconds);
    CHECK(duration > 1.9);
}

TEST_CASE(
    "an answer that comes in an interrupt names the socket's process, and the process filter "
    "holds") {
    const Net net;
    const TemporaryFolder folder;
    const bool filtered = GENERATE(false, true);
    const std::string file = folder.file("events");
    constexpr int kAttempts = 50;
    const auto attempt = [] {
        for (int i = 0; i < kAttempts; i++) {
            sockaddr_in to{};
            to.sin_family = AF_INET;
            to.sin_port = htons(14);
            inet_pton(AF_INET, "10.0.0.2", &to.sin_addr);
            const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
            connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
            pollfd watched{fd, POLLOUT, 0};
            poll(&watched, 1, 60'000);
            close(fd);
        }
    };
    std::vector<uint32_t> pids;
    {
        const InNetns inside(net.near);
        Child one([] {}, attempt);
        Child other([] {}, attempt);
        pids = {static_cast<uint32_t>(one.pid()), static_cast<uint32_t>(other.pid())};
        auto arguments = events("socket", file);
        if (filtered) {
            arguments.insert(arguments.end(), {"--pid", std::to_string(pids[0])});
        }
        Capture capture(net.near, arguments);
        one.proceed();
        other.proceed();
        for (const uint32_t pid : pids) {
            siginfo_t end{};
            REQUIRE(waitid(P_PID, pid, &end, WEXITED | WNOWAIT) == 0);
        }
        capture.stop();
    }
    size_t refused = 0;
    for (const SeenEvent& event : events_of(file, "socket:connect")) {
        refused += event.text("remote") == "10.0.0.2:14" ? 1 : 0;
    }
    CHECK(events_of(file, pids[0], "socket:connect").size() == kAttempts);
    CHECK(events_of(file, pids[1], "socket:connect").size() == (filtered ? 0 : kAttempts));
    CHECK(refused == (filtered ? kAttempts : 2 * kAttempts));
    if (filtered) {
        CHECK(events_of(file).size() == kAttempts);
    }
}

TEST_CASE("a connection's events have its addresses, and the bytes that the programs counted") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("events");
    constexpr size_t kUp = 300'000;
    constexpr size_t kDown = 7'000;
    std::string client_address;
    double seconds = 0;
    Capture capture(netns, events("socket=all", file));
    {
        const InNetns inside(netns);
        const Address address = make_address("127.0.0.1", 7002);
        const Fd listener = make_socket(address);
        REQUIRE(call_bind(listener, address) == 0);
        REQUIRE(listen(listener.get(), 7) == 0);
        const auto before = Clock::now();
        Fd client = make_socket(address);
        REQUIRE(call_connect(client, address) == 0);
        sockaddr_in own{};
        socklen_t size = sizeof(own);
        REQUIRE(getsockname(client.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0);
        client_address = "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
        Fd server(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        REQUIRE(server.valid());
        const auto send = [](const Fd& from, const Fd& to, size_t bytes) {
            std::vector<char> buffer(bytes, 'x');
            size_t sent = 0;
            for (size_t got = 0; got < bytes;) {
                const ssize_t some =
                    write(from.get(), buffer.data(), std::min<size_t>(bytes - sent, 50'000));
                REQUIRE(some >= 0);
                sent += static_cast<size_t>(some);
                const ssize_t read_now = read(to.get(), buffer.data(), buffer.size());
                REQUIRE(read_now > 0);
                got += static_cast<size_t>(read_now);
            }
        };
        send(client, server, kUp);
        send(server, client, kDown);
        server.reset();
        char byte = 0;
        REQUIRE(read(client.get(), &byte, 1) == 0);
        client.reset();
        seconds = std::chrono::duration<double>(Clock::now() - before).count();
    }
    capture.stop();
    const auto self = static_cast<uint32_t>(getpid());
    const auto listens = events_of(file, self, "socket:listen");
    REQUIRE(listens.size() == 1);
    CHECK(listens[0].text("local") == "127.0.0.1:7002");
    CHECK(listens[0].text("backlog") == "7");
    CHECK(listens[0].text("errno") == "0");
    const auto connects = events_of(file, self, "socket:connect");
    REQUIRE(connects.size() == 1);
    CHECK(connects[0].text("errno") == "0");
    CHECK(connects[0].text("remote") == "127.0.0.1:7002");
    CHECK(connects[0].text("local") == client_address);
    const auto accepts = events_of(file, self, "socket:accept");
    REQUIRE(accepts.size() == 1);
    CHECK(accepts[0].text("remote") == client_address);
    const auto closes = events_of(file, self, "socket:close");
    REQUIRE(closes.size() == 2);
    for (const SeenEvent& event : closes) {
        const bool is_client = event.text("local") == client_address;
        CAPTURE(is_client);
        CHECK(event.number("sent") == (is_client ? kUp : kDown));
        CHECK(event.number("received") == (is_client ? kDown : kUp));
        CHECK(event.text("errno") == "0");
        CHECK(event.number("rtt_us") > 0);
        CHECK(event.number("duration_ns") > 0);
        CHECK(static_cast<double>(event.number("duration_ns")) / 1e9 <= seconds + 0.05);
    }
}
