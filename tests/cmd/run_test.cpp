// SPDX-License-Identifier: GPL-2.0-only
//
// The program as its users start it: statuses, limits, commands, terminals.
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/child.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;

int status_of_command(const std::vector<std::string>& command, std::string* err = nullptr) {
    std::vector<std::string> arguments = {"-i", "lo", "-w", "/dev/null", "--"};
    arguments.insert(arguments.end(), command.begin(), command.end());
    const CommandResult ended = run_pidcap(arguments);
    if (err != nullptr) {
        *err = ended.err;
    }
    return ended.status;
}

// What a program says to a terminal, which is its stderr, and its stdout unless that is given.
struct Terminal {
    pcapng::Fd master;
    pcapng::Fd slave;
    Terminal() {
        int master_fd = -1;
        int slave_fd = -1;
        REQUIRE(openpty(&master_fd, &slave_fd, nullptr, nullptr, nullptr) == 0);
        master = pcapng::Fd(master_fd);
        slave = pcapng::Fd(slave_fd);
        fcntl(master_fd, F_SETFD, FD_CLOEXEC);
        fcntl(slave_fd, F_SETFD, FD_CLOEXEC);
        fcntl(master_fd, F_SETFL, O_NONBLOCK);
    }
    std::string text;
    void take() {
        char bytes[4096];
        for (ssize_t count; (count = read(master.get(), bytes, sizeof(bytes))) > 0;) {
            text.append(bytes, static_cast<size_t>(count));
        }
    }
    void wait_for(const std::string& part) {
        for (int tries = 0; tries < 3000; tries++) {
            take();
            if (contains(text, part)) {
                return;
            }
            usleep(10'000);
        }
        FAIL("the terminal doesn't show '" << part << "' but: " << text);
    }
};

}  // namespace

TEST_CASE("what listening promises is kept: the next packet is always captured") {
    const Loopback lo;
    const TemporaryFolder folder;
    for (int round = 0; round < 20; round++) {
        const std::string file = folder.file("first.pcapng");
        Capture capture(lo.netns, {"-i", "lo", "-w", file});
        REQUIRE(send_numbered(lo.sender, 0, 1, 100) == 1);
        capture.stop();
        REQUIRE(packets_of(file).size() == 1);
        CHECK(totals_of(capture.err()).captured == 1);
    }
}

TEST_CASE("a count ends the capture after exactly so many packets") {
    const Loopback lo;
    const TemporaryFolder folder;
    const std::string file = folder.file("count.pcapng");
    for (uint32_t count : {1U, 7U, 500U}) {
        Capture capture(lo.netns, {"-i", "lo", "-w", file, "-c", std::to_string(count)});
        REQUIRE(send_numbered(lo.sender, 0, count + 300, 100) == count + 300);
        CHECK(capture.wait() == 0);
        CHECK(packets_of(file).size() == count);
        CHECK(totals_of(capture.err()).captured == count);
    }
}

TEST_CASE("a duration ends the capture, and not before") {
    const auto start = std::chrono::steady_clock::now();
    const CommandResult ended = run_pidcap({"-i", "lo", "-w", "/dev/null", "--duration", "1.5"});
    CHECK(ended.status == 0);
    CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(1500));
}

TEST_CASE("a command's exit status is pidcap's") {
    CHECK(status_of_command({"true"}) == 0);
    CHECK(status_of_command({"sh", "-c", "exit 42"}) == 42);
    CHECK(status_of_command({"sh", "-c", "kill -TERM $$"}) == 128 + SIGTERM);
    CHECK(status_of_command({"sh", "-c", "kill -KILL $$"}) == 128 + SIGKILL);
    std::string err;
    const int missing = status_of_command({"/nonexistent/program"}, &err);
    INFO(err);
    CHECK((missing == 127 || missing == 1));
    CHECK(contains(err, "/nonexistent/program"));
    CHECK(contains(err, "No such file"));
    const int forbidden = status_of_command({"/etc/passwd"}, &err);
    CHECK((forbidden == 126 || forbidden == 1));
    CHECK(contains(err, "/etc/passwd"));
}

TEST_CASE("a command gets its signals and its first packet is captured") {
    const Loopback lo;
    const TemporaryFolder folder;
    const std::string file = folder.file("command.pcapng");
    const std::string script =
        "echo hello > /dev/udp/127.0.0.1/9; trap 'exit 7' TERM; "
        "grep SigBlk /proc/self/status; grep SigIgn /proc/self/status";
    Capture capture(Launch{.arguments = {"-i", "lo", "-w", file, "--", "sh", "-c", script},
                           .netns = &lo.netns});
    capture.wait();
    INFO(capture.out());
    CHECK(contains(capture.out(), "SigBlk:\t0000000000000000"));
    CHECK(contains(capture.out(), "SigIgn:\t0000000000000000"));
    Capture bash(Launch{.arguments = {"-i", "lo", "-w", file, "--", "bash", "-c",
                                      "echo hello > /dev/udp/127.0.0.1/9"},
                        .netns = &lo.netns});
    CHECK(bash.wait() == 0);
    const auto rows = fields_of(file, {"frame.comment", "udp.length"});
    REQUIRE(rows.size() == 1);
    CHECK(contains(rows[0][0], "comm=bash "));
    CHECK(rows[0][1] == "14");
}

TEST_CASE("wrong usage is told apart from failure") {
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"-s", "262145"},
                                               {"-s", "-1"},
                                               {"-s", "1e3"},
                                               {"-c", "0"},
                                               {"--pid", "0"},
                                               {"--pid", "x"},
                                               {"--uid", "no-such-user"},
                                               {"-i", ""},
                                               {"--no-such-option"},
                                               {"-Q", "sideways"},
                                               {"--duration", "soon"},
                                               {"--comments", "some", "-w", "/dev/null"},
                                               {"--"},
                                               {"-w", ""},
                                               {"-w"}}) {
        INFO(Catch::Detail::stringify(arguments));
        const CommandResult ended = run_pidcap(arguments);
        INFO(ended.err);
        CHECK(ended.status == 2);
        CHECK(ended.err.starts_with("pidcap: "));
        CHECK(ended.out.empty());
    }
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"-i", "nosuch0"},
                                               {"stray"},
                                               {"-i", "lo", "-i", "nosuch0"},
                                               {"-i", "lo", "--pid", "4194303"}}) {
        const CommandResult ended = run_pidcap(arguments);
        INFO(ended.err);
        CHECK(ended.status == 1);
        CHECK(contains(ended.err, arguments.back()));
        CHECK(ended.out.empty());
    }
    CHECK(run_pidcap({"--help"}).status == 0);
    CHECK(run_pidcap({"--version"}).status == 0);
    CHECK(contains(run_pidcap({"-D"}).out, "lo"));
}

TEST_CASE("lines are coloured when asked for, and only then") {
    const Loopback lo;
    const auto lines_with = [&](const std::vector<std::string>& options, bool no_color) {
        std::vector<std::string> arguments = {"-i", "lo", "-c", "2"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        Capture capture(Launch{.arguments = arguments, .netns = &lo.netns, .prepare = [no_color] {
                                   no_color ? setenv("NO_COLOR", "1", 1) : unsetenv("NO_COLOR");
                               }});
        send_numbered(lo.sender, 0, 2, 100);
        REQUIRE(capture.wait() == 0);
        CHECK(std::count(capture.out().begin(), capture.out().end(), '\n') == 2);
        CHECK(contains(capture.out(), "[" + std::to_string(getpid()) + "]"));
        return capture.out();
    };
    CHECK_FALSE(contains(lines_with({}, false), "\x1b"));
    CHECK_FALSE(contains(lines_with({"--color", "never"}, false), "\x1b"));
    CHECK(contains(lines_with({"--color", "always"}, false), "\x1b["));
    CHECK(contains(lines_with({"--color", "always"}, true), "\x1b["));

    for (bool no_color : {false, true}) {
        Terminal terminal;
        Capture capture(Launch{.arguments = {"-i", "lo", "-c", "2"},
                               .netns = &lo.netns,
                               .prepare =
                                   [no_color] {
                                       no_color ? setenv("NO_COLOR", "1", 1) : unsetenv("NO_COLOR");
                                       setenv("TERM", "xterm", 1);
                                   },
                               .stdout_fd = terminal.slave.get()});
        send_numbered(lo.sender, 0, 2, 100);
        CHECK(capture.wait() == 0);
        terminal.take();
        CHECK(contains(terminal.text, "127.0.0.1"));
        CHECK(contains(terminal.text, "\x1b[") != no_color);
    }
}

TEST_CASE("a process can't send escapes to the terminal by its name") {
    const Loopback lo;
    const auto send_as = [&](const char* name) {
        return std::make_unique<Child>([name] { prctl(PR_SET_NAME, name); },
                                       [&lo] { send_numbered(lo.sender, 0, 1, 50); });
    };
    auto one = send_as("\x1b[31mred");
    auto two = send_as("a\nb\rc\a");
    auto three = send_as(
        "\x9b"
        "2J\xff\xfe%s d");
    Capture capture(lo.netns, {"-i", "lo", "-c", "3", "-v"});
    one->proceed();
    one->wait_for_exec();
    two->proceed();
    two->wait_for_exec();
    three->proceed();
    REQUIRE(capture.wait() == 0);
    INFO(capture.out());
    CHECK(std::count(capture.out().begin(), capture.out().end(), '\n') == 3);
    CHECK(contains(capture.out(), "31mred"));
    for (char byte : capture.out()) {
        const auto code = static_cast<unsigned char>(byte);
        CHECK((code == '\n' || (code >= 0x20 && code != 0x7f)));
    }
    CHECK_FALSE(contains(capture.out(), "\x9b"));
    CHECK_FALSE(contains(capture.out(), "\xff"));
}

TEST_CASE("the status line is for terminals") {
    const Loopback lo;
    const TemporaryFolder folder;
    {
        Capture capture(lo.netns, {"-i", "lo", "-w", folder.file("1")});
        send_numbered(lo.sender, 0, 5, 100);
        std::this_thread::sleep_for(std::chrono::milliseconds(600));
        capture.stop();
        CHECK_FALSE(contains(capture.err(), "\r"));
        CHECK_FALSE(contains(capture.err(), "\x1b"));
    }
    Terminal terminal;
    Capture capture(Launch{.arguments = {"-i", "lo", "-w", folder.file("2")},
                           .netns = &lo.netns,
                           .stderr_fd = terminal.slave.get()});
    terminal.wait_for("listening on lo");
    send_numbered(lo.sender, 0, 5, 100);
    terminal.wait_for("\r5 packets");
    capture.signal(SIGINT);
    CHECK(capture.wait() == 0);
    terminal.take();
    CHECK(contains(terminal.text, "5 packets captured, 0 dropped"));
    // Erased before the last line.
    CHECK(contains(terminal.text, "\r\x1b[Kpidcap: 5 packets captured"));
}

TEST_CASE("a capture isn't written to a terminal") {
    Terminal terminal;
    Pidcap capture({.arguments = {"-i", "lo", "-w", "-"}, .stdout_fd = terminal.slave.get()});
    CHECK(capture.wait() == 1);
    CHECK(contains(capture.err(), "binary"));
    terminal.take();
    CHECK(terminal.text.empty());
}
