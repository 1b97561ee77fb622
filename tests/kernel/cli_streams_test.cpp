// SPDX-License-Identifier: GPL-2.0-only
//
// Standard streams that are full, closed or left: no message touches the capture or its command.
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "tests/support/capture.h"
#include "tests/support/packets.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;

// Captures a ping, which ends with 0, and a shell behind it that ends with 7.
void require_whole_capture(const std::function<void()>& prepare) {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("streams.pcapng");
    const CommandResult ended = run_pidcap(
        Launch{.arguments = {"-v", "-i", "lo", "--comm", "nosuch", "--comm", "ping", "-w", file,
                             "--", "sh", "-c", "ping -n -q -c 2 -i 0.1 127.0.0.1; exit 7"},
               .netns = &netns,
               .prepare = prepare});
    CHECK(ended.status == 7);
    const CommandResult information = run({"capinfos", "-c", file});
    INFO(information.out << information.err);
    CHECK(information.status == 0);
    CHECK(read_packets(file).size() == 4);
}

void reopen(int fd, const char* path) {
    const int opened = open(path, O_RDWR);
    dup2(opened, fd);
    close(opened);
}

}  // namespace

TEST_CASE("a full standard error leaves a capture and its command alone") {
    require_whole_capture([] { reopen(STDERR_FILENO, "/dev/full"); });
}

TEST_CASE("a closed standard error doesn't become the capture file") {
    require_whole_capture([] { close(STDERR_FILENO); });
}

TEST_CASE("no standard stream at all leaves a capture and its command alone") {
    require_whole_capture([] {
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
    });
}

TEST_CASE("a standard error whose reader has left leaves a capture and its command alone") {
    require_whole_capture([] {
        int ends[2];
        if (pipe(ends) == 0) {
            dup2(ends[1], STDERR_FILENO);
            close(ends[0]);
            close(ends[1]);
        }
    });
}

TEST_CASE("a terminal that goes away ends lines on it while no packets come") {
    const Netns netns;
    int main_end = -1;
    int terminal = -1;
    REQUIRE(openpty(&main_end, &terminal, nullptr, nullptr, nullptr) == 0);
    // Else the capture would keep its own terminal from going away.
    fcntl(main_end, F_SETFD, FD_CLOEXEC);
    fcntl(terminal, F_SETFD, FD_CLOEXEC);
    Capture pidcap(Launch{.arguments = {"-i", "lo"},
                          .netns = &netns,
                          .prepare = [] { signal(SIGHUP, SIG_IGN); },
                          .stdout_fd = terminal});
    close(terminal);
    close(main_end);
    CHECK(pidcap.wait() == 0);
}

TEST_CASE("what a full standard output doesn't take is a failure") {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"--version"}, {"--help"}, {"-D"}, {"doctor"}}) {
        const pcapng::Fd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
        INFO(arguments[0]);
        CHECK(run_pidcap(Launch{.arguments = arguments, .stdout_fd = full.get()}).status == 1);
    }
}
