// SPDX-License-Identifier: GPL-2.0-only
//
// The command after `--`: its signals, its end and its status.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/capture.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;

const std::string kSend = "echo x >/dev/udp/127.0.0.1/9;";

// A pause without a child that a signal would miss: a read that gets nothing. The pipe is made
// once, because a trap that runs while bash parses `<(…)` breaks bash's parser.
const std::string kNeverReady = "exec 9<> <(:);";
const std::string kPause = "read -rt 0.3 -u 9;";

// pidcap with a script of bash as its command.
struct Scripted {
    Netns netns;
    TemporaryFolder folder;
    std::string file = folder.file("a.pcapng");
    Capture capture;

    explicit Scripted(const std::string& script, const std::vector<std::string>& arguments = {},
                      const std::function<void()>& prepare = {})
        : capture(
              Launch{.arguments = words(script, arguments), .netns = &netns, .prepare = prepare}) {}

    std::vector<std::string> words(const std::string& script,
                                   const std::vector<std::string>& arguments) const {
        std::vector<std::string> all = {"-i", "lo", "-w", file};
        all.insert(all.end(), arguments.begin(), arguments.end());
        all.insert(all.end(), {"--", "bash", "-c", kNeverReady + script});
        return all;
    }
};

}  // namespace

TEST_CASE("a signal is passed on to the command, whose last packets and status still count") {
    for (const int number : {SIGTERM, SIGHUP, SIGINT}) {
        INFO("signal " << number);
        Scripted run("trap '" + kSend + " exit 7' TERM HUP INT; echo ready >&2; while :; do " +
                     kPause + " done");
        run.capture.wait_for("ready");
        run.capture.signal(number);
        CHECK(run.capture.wait() == 7);
        CHECK(totals_of(run.capture.err()).captured >= 1);
        require_readable(run.file);
    }
}

TEST_CASE("a command that a signal ends gives 128 and the signal") {
    Scripted run("echo ready >&2; while :; do " + kPause + " done");
    run.capture.wait_for("ready");
    run.capture.signal(SIGTERM);
    CHECK(run.capture.wait() == 128 + SIGTERM);
}

TEST_CASE("a second signal leaves a command alone that ignores the first") {
    Scripted run("trap '' TERM HUP; echo \"pid $$ ready\" >&2; while :; do " + kPause + " done");
    run.capture.wait_for("ready");
    run.capture.signal(SIGTERM);
    run.capture.signal(SIGHUP);  // together with the first, as timeout(1) sends two
    usleep(900'000);
    REQUIRE(run.capture.running());
    run.capture.signal(SIGTERM);
    CHECK(run.capture.wait() == 128 + SIGTERM);
    CHECK(statistics_of(run.file).blocks == 1);
    const std::string& said = run.capture.err();
    const pid_t command = std::stoi(said.substr(said.find("pid ") + 4));
    CHECK(kill(command, SIGKILL) == 0);  // it was there still
}

TEST_CASE("a capture that ends before its command waits for it") {
    for (const std::vector<std::string>& limit :
         {std::vector<std::string>{"-c", "1"}, {"--duration", "0.3"}}) {
        INFO(limit[0]);
        const TemporaryFolder folder;
        const std::string gate = folder.file("gate");
        REQUIRE(mkfifo(gate.c_str(), 0600) == 0);
        Scripted run(kSend + kSend + "read -r <" + gate + "; echo over >&2; exit 3", limit);
        run.capture.wait_for("waiting for bash to end");
        std::ofstream(gate) << "go on\n";
        CHECK(run.capture.wait() == 3);
        CHECK(contains(run.capture.err(), "over"));
    }
}

TEST_CASE("a command that can't be run gives the status of a shell") {
    const TemporaryFolder folder;
    std::ofstream(folder.file("text")) << "text\n";
    const CommandResult missing =
        run_pidcap({"-i", "lo", "-w", folder.file("a"), "--", folder.file("missing")});
    CHECK(missing.status == 127);
    CHECK(contains(missing.err, "run " + folder.file("missing") + ": No such file"));
    CHECK_FALSE(contains(missing.err, "listening"));
    CHECK(access(folder.file("a").c_str(), F_OK) != 0);
    CHECK(run_pidcap({"-i", "lo", "--", "no-such-program-anywhere"}).status == 127);
    const CommandResult refused =
        run_pidcap({"-i", "lo", "-w", folder.file("a"), "--", folder.file("text")});
    CHECK(refused.status == 126);
    CHECK(contains(refused.err, "Permission denied"));
}

TEST_CASE("the command has the signals as pidcap found them") {
    Scripted run("exec grep -E 'SigBlk|SigIgn' /proc/self/status >&2", {}, [] {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        sigprocmask(SIG_SETMASK, &set, nullptr);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGXFSZ, SIG_DFL);
    });
    CHECK(run.capture.wait() == 0);
    INFO(run.capture.err());
    const auto mask_of = [&](const std::string& name) {
        return std::stoull(run.capture.err().substr(run.capture.err().find(name) + name.size() + 1),
                           nullptr, 16);
    };
    const auto bit = [](int number) { return uint64_t{1} << (number - 1); };
    CHECK(mask_of("SigBlk") == bit(SIGUSR1));
    CHECK((mask_of("SigIgn") & (bit(SIGPIPE) | bit(SIGXFSZ))) == bit(SIGPIPE));
}
