// SPDX-License-Identifier: GPL-2.0-only
//
// -C, -G, -W, -z and what goes with them: real traffic into real files, which tshark and capinfos
// read one by one. That tcpdump's users were surprised is why some of these exist (its issues 34,
// 352, 448, 514, 577, 695, 857, 1170).
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/totals.h"
#include "tests/support/traffic.h"
#include "tests/support/wait.h"

namespace {

using namespace test;
namespace fs = std::filesystem;

constexpr uid_t kCaller = 54321;
constexpr size_t kSize = 600;

std::set<std::string> names_in(const std::string& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
        names.insert(entry.path().filename());
    }
    return names;
}

// Each file is whole, and all of them together have what one capture would have.
void require_whole_files(const std::vector<std::string>& files, const Totals& totals,
                         uint64_t sent) {
    Statistics sum;
    uint64_t packets = 0;
    for (const std::string& file : files) {
        INFO(file);
        require_readable(file);
        const Statistics one = statistics_of(file);
        CHECK(one.delivered == packets_of(file).size());
        packets += one.delivered;
        sum.received += one.received;
        sum.dropped += one.dropped;
        // The first packet introduces its process.
        const auto comments = fields_of(file, {"frame.comment"});
        if (!comments.empty()) {
            CHECK(contains(comments.front().front(), " cmdline="));
        }
    }
    CHECK(packets == totals.captured);
    CHECK(sum.dropped == totals.dropped);
    CHECK(sum.received == totals.captured + totals.dropped);
    CHECK(sum.received == sent);
}

// What `pidcap processes` says of who there is, without counts.
std::set<std::vector<std::string>> processes_in(const std::string& file) {
    std::set<std::vector<std::string>> rows;
    const CommandResult said = run_pidcap({"processes", "--json", file});
    REQUIRE(said.status == 0);
    for (size_t at = 0; at < said.out.size();) {
        const size_t end = said.out.find('\n', at);
        const auto row = nlohmann::json::parse(said.out.substr(at, end - at));
        std::vector<std::string> who;
        for (const char* key : {"pid", "comm", "exe", "cmdline", "ppid", "parent_comm", "uid",
                                "user_name", "cgroup", "netns"}) {
            who.push_back(row.at(key).dump());
        }
        rows.insert(who);
        at = end + 1;
    }
    return rows;
}

}  // namespace

TEST_CASE("by size: every packet is in one file, each file is whole, and names are tcpdump's") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const TemporaryFolder whole;
    Capture plain(loopback.netns, {"-i", "lo", "-w", whole.file("whole")});
    Capture capture(loopback.netns,
                    {"-i", "lo", "-w", folder.file("a.pcapng"), "-C", "200k", "--keep-free", "1"});
    const uint64_t sent = send_numbered(loopback.sender, 0, 3000, kSize);
    capture.stop();
    plain.stop();
    INFO(capture.err());
    const size_t count = names_in(folder.path()).size();
    REQUIRE(count > 5);
    std::vector<std::string> files = {folder.file("a.pcapng")};
    for (size_t i = 1; i < count; i++) {
        files.push_back(folder.file("a.pcapng" + std::to_string(i)));
    }
    require_whole_files(files, totals_of(capture.err()), sent);
    std::vector<uint32_t> numbers;
    for (size_t i = 0; i < files.size(); i++) {
        const std::vector<uint32_t> more = numbers_in(files[i], kSize);
        numbers.insert(numbers.end(), more.begin(), more.end());
        // "Currently larger than": one packet more, and the statistics.
        CHECK(fs::file_size(files[i]) < 200 * 1024 + 2 * kSize);
        CHECK((i + 1 == files.size() || fs::file_size(files[i]) > 200 * 1024));
        CHECK(processes_in(files[i]) == processes_in(whole.file("whole")));
    }
    CHECK(numbers == numbers_in(whole.file("whole"), kSize));
}

TEST_CASE("by time: cuts lie on the second, with and without packets") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns, {"-i", "lo", "-w", folder.file("a-%s"), "-G", "1"});
    uint64_t sent = 0;
    for (int i = 0; i < 30; i++) {
        sent += send_numbered(loopback.sender, static_cast<uint32_t>(100 * i), 100, kSize);
        usleep(50'000);
    }
    usleep(2'500'000);  // nothing happens, and there are files of it
    sent += send_numbered(loopback.sender, 5000, 100, kSize);
    capture.stop();
    INFO(capture.err());
    const std::vector<std::string> files = files_in(folder.path());
    require_whole_files(files, totals_of(capture.err()), sent);
    uint64_t before = 0;
    size_t empty = 0;
    for (const std::string& file : files) {
        INFO(file);
        const uint64_t begin = std::stoull(file.substr(file.rfind('-') + 1));
        CHECK((before == 0 || begin == before + 1));
        const auto packets = packets_of(file);
        empty += packets.empty() ? 1 : 0;
        for (const SeenPacket& packet : packets) {
            CHECK((packet.time_ns / 1'000'000'000 == begin || before == 0));
            CHECK(packet.time_ns / 1'000'000'000 <= begin);
        }
        before = begin;
    }
    CHECK(empty >= 1);
}

TEST_CASE("by time with a number of files: it ends after them, also without a packet") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns,
                    {"-i", "lo", "-w", folder.file("a-%s"), "-G", "1", "-W", "2", "udp port 1"});
    CHECK(capture.wait() == 0);
    INFO(capture.err());
    CHECK(contains(capture.err(), "2 files, the last one " + folder.path()));
    const std::vector<std::string> files = files_in(folder.path());
    REQUIRE(files.size() == 2);
    require_whole_files(files, totals_of(capture.err()), 0);
}

TEST_CASE("what comes after the last of a number of files is in no counter") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns, {"-i", "lo", "-w", folder.file("a-%s"), "-G", "1", "-W", "2"});
    uint32_t number = 0;
    while (capture.running()) {
        send_numbered(loopback.sender, number++, 1, kSize);
        usleep(500);
    }
    CHECK(capture.wait() == 0);
    INFO(capture.err());
    const std::vector<std::string> files = files_in(folder.path());
    REQUIRE(files.size() == 2);
    const Totals totals = totals_of(capture.err());
    require_whole_files(files, totals, totals.captured + totals.dropped);
    const uint64_t begin = std::stoull(files.back().substr(files.back().rfind('-') + 1));
    CHECK(packets_of(files.back()).back().time_ns < (begin + 1) * 1'000'000'000);
}

TEST_CASE("a ring keeps the last files, as many as it may") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns, {"-i", "lo", "-w", folder.file("a"), "-C", "100k", "-W", "11"});
    const uint64_t sent = send_numbered(loopback.sender, 0, 4000, kSize);
    capture.stop();
    INFO(capture.err());
    const auto names = names_in(folder.path());
    CHECK(names.size() == 11);
    CHECK((names.count("a00") == 1 && names.count("a10") == 1));
    std::vector<uint32_t> numbers;
    for (const std::string& file : files_in(folder.path())) {
        require_readable(file);
        const auto more = numbers_in(file, kSize);
        numbers.insert(numbers.end(), more.begin(), more.end());
    }
    // The end of what was sent, without a gap.
    std::sort(numbers.begin(), numbers.end());
    std::vector<uint32_t> expected(numbers.size());
    std::iota(expected.begin(), expected.end(), static_cast<uint32_t>(sent - numbers.size()));
    CHECK(numbers == expected);
}

TEST_CASE("files have the names that tcpdump gives them") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const TemporaryFolder oracle;
    const std::vector<std::vector<std::string>> cases = {
        {"-C1"}, {"-C1", "-W3"}, {"-C1", "-W11"}, {"-C1", "-G100", "-W11"}, {"-G100", "-W11"}};
    std::vector<std::unique_ptr<Process>> running;
    for (size_t i = 0; i < cases.size(); i++) {
        const std::string name = "x" + std::to_string(i) + "-%Y";
        std::vector<std::string> arguments = {"-i", "lo", "-w", folder.file(name)};
        arguments.insert(arguments.end(), cases[i].begin(), cases[i].end());
        running.push_back(std::make_unique<Capture>(loopback.netns, arguments));
        std::vector<std::string> tcpdump = {"tcpdump", "-Z", "root",           "-i",
                                            "lo",      "-w", oracle.file(name)};
        tcpdump.insert(tcpdump.end(), cases[i].begin(), cases[i].end());
        running.push_back(
            std::make_unique<Process>(Launch{.arguments = tcpdump, .netns = &loopback.netns}));
        running.back()->wait_for("listening on");
    }
    for (uint32_t i = 0; i < 30; i++) {
        send_numbered(loopback.sender, 100 * i, 100, 1400);
        usleep(50'000);
    }
    for (const auto& process : running) {
        process->signal(SIGTERM);
        CHECK(process->wait() == 0);
    }
    const std::set<std::string> expected = names_in(oracle.path());
    const std::set<std::string> names = names_in(folder.path());
    INFO(Catch::StringMaker<std::set<std::string>>::convert(names));
    CHECK(expected.size() > 12);
    CHECK(std::includes(names.begin(), names.end(), expected.begin(), expected.end()));
    // pcapng is a bit larger, so that three of the five come to one file more.
    CHECK(names.size() <= expected.size() + 3);
}

TEST_CASE("with a size, an interval and a number, each interval has a ring of its own") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns,
                    {"-i", "lo", "-w", folder.file("a-%s."), "-G", "1", "-C", "100k", "-W", "12"});
    for (uint32_t i = 0; i < 15; i++) {
        send_numbered(loopback.sender, 100 * i, 100, kSize);
        usleep(150'000);
    }
    capture.stop();
    std::set<std::string> intervals;
    for (const std::string& name : names_in(folder.path())) {
        INFO(name);
        require_readable(folder.file(name));
        REQUIRE(name.size() == 15);  // a-, ten digits, ., two digits
        intervals.insert(name.substr(0, 13));
    }
    CHECK(intervals.size() >= 3);
    for (const std::string& interval : intervals) {
        CHECK(fs::exists(folder.file(interval + "00")));
    }
}

TEST_CASE("names that don't tell intervals apart are said to be overwritten") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns, {"-i", "lo", "-w", folder.file("a"), "-G", "1"});
    usleep(2'200'000);
    capture.stop();
    CHECK(contains(capture.err(), "files will replace earlier ones"));
    CHECK(names_in(folder.path()) == std::set<std::string>{"a"});
}

TEST_CASE("a command gets every file, the last one too, complete and at the lowest priority") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const TemporaryFolder tools;
    const std::string command = tools.file("command");
    std::ofstream(command) << "#!/bin/sh\n"
                              "capinfos \"$1\" >/dev/null && state=whole\n"
                              "echo \"$1 $(nice) $state\" >> "
                           << tools.file("log") << "\nexit 3\n";
    REQUIRE(chmod(command.c_str(), 0755) == 0);
    Capture capture(loopback.netns,
                    {"-i", "lo", "-w", folder.file("a"), "-C", "500k", "-z", command});
    send_numbered(loopback.sender, 0, 3000, kSize);
    capture.wait_for("-z " + command + " " + folder.file("a") + ": exit status 3");
    send_numbered(loopback.sender, 0, 10, kSize);
    capture.stop();
    const auto names = names_in(folder.path());
    REQUIRE(names.size() > 2);
    std::set<std::string> expected;
    for (const std::string& name : names) {
        expected.insert(folder.file(name) + " 19 whole");
    }
    std::set<std::string> seen;
    wait_until("every command has written its line", [&] {
        std::ifstream log(tools.file("log"));
        seen.clear();
        for (std::string line; std::getline(log, line);) {
            seen.insert(line);
        }
        return seen.size() >= expected.size();
    });
    CHECK(seen == expected);
}

TEST_CASE("a command that isn't there is said, and the capture goes on") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns,
                    {"-i", "lo", "-w", folder.file("a"), "-C", "10k", "-z", "/no/such/program"});
    send_numbered(loopback.sender, 0, 100, kSize);
    capture.wait_for("-z: run /no/such/program: No such file or directory");
    send_numbered(loopback.sender, 100, 100, kSize);
    capture.stop();
    CHECK(totals_of(capture.err()).captured == 200);
}

TEST_CASE("compressed files are whole by themselves, too") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns,
                    {"-i", "lo", "-w", folder.file("a-%s"), "-G", "1", "--compress", "zstd"});
    uint64_t sent = 0;
    for (uint32_t i = 0; i < 12; i++) {
        sent += send_numbered(loopback.sender, 500 * i, 500, kSize);
        usleep(100'000);
    }
    capture.stop();
    uint64_t packets = 0;
    for (const std::string& file : files_in(folder.path())) {
        INFO(file);
        CHECK(output_of({"zstd", "-tq", file}).empty());
        (void)output_of({"capinfos", file});
        packets += fields_of(file, {"frame.number"}).size();
        CHECK(content_of(file).substr(0, 4) == "\x28\xB5\x2F\xFD");
    }
    CHECK(packets == sent);
    CHECK(totals_of(capture.err()).captured == sent);
}

TEST_CASE("by size, what counts is the compressed file") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns,
                    {"-i", "lo", "-w", folder.file("a"), "-C", "200k", "--compress", "zstd"});
    const uint64_t sent = send_numbered(loopback.sender, 0, 4000, kSize);  // as good as random
    capture.stop();
    const std::vector<std::string> files = files_in(folder.path());
    CHECK(files.size() > 5);
    uint64_t packets = 0;
    size_t small = 0;
    for (const std::string& file : files) {
        INFO(file);
        CHECK(fs::file_size(file) < (200 + 64 + 4) * 1024);
        small += fs::file_size(file) <= 200 * 1024 ? 1 : 0;
        packets += fields_of(file, {"frame.number"}).size();
    }
    CHECK(small <= 1);  // the last one
    CHECK(packets == sent);
}

TEST_CASE("packets that were lost are in the statistics of the files, and add up") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns, {"-i", "lo", "-w", folder.file("a"), "-C", "100k", "-B", "1"});
    uint64_t sent = 0;
    for (int i = 0; i < 3; i++) {
        capture.signal(SIGSTOP);
        sent += send_numbered(loopback.sender, 0, 20'000, kSize);
        capture.signal(SIGCONT);
        usleep(300'000);
    }
    capture.stop();
    const Totals totals = totals_of(capture.err());
    CHECK(totals.dropped > 0);
    CHECK(totals.captured + totals.dropped == sent);
    Statistics sum;
    size_t with_drops = 0;
    for (const std::string& file : files_in(folder.path())) {
        const Statistics one = statistics_of(file);
        sum.received += one.received;
        sum.dropped += one.dropped;
        sum.delivered += one.delivered;
        with_drops += one.dropped > 0 ? 1 : 0;
    }
    CHECK(sum.received == sent);
    CHECK(sum.dropped == totals.dropped);
    CHECK(sum.delivered == totals.captured);
    CHECK(with_drops > 1);
}

TEST_CASE("after SIGKILL there is one .part, which can be read, and no process is left") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string compress = GENERATE("none", "zstd");
    Capture capture(loopback.netns,
                    {"-i", "lo", "-w", folder.file("a"), "-C", "1000", "--compress", compress});
    CHECK(names_in(folder.path()) == std::set<std::string>{"a.part"});
    send_numbered(loopback.sender, 0, 1000, kSize);
    const auto packets_seen = [&] {
        return occurrences(run({"tshark", "-n", "-r", folder.file("a.part")}).out, "\n");
    };
    wait_until("what was sent can be read", [&] { return packets_seen() == 1000; });
    const std::string pid = std::to_string(capture.pid());
    const std::string child = content_of("/proc/" + pid + "/task/" + pid + "/children");
    REQUIRE_FALSE(child.empty());
    capture.signal(SIGKILL);
    CHECK(capture.wait() == 128 + SIGKILL);
    CHECK(names_in(folder.path()) == std::set<std::string>{"a.part"});
    CHECK(packets_seen() == 1000);
    const std::string left = "/proc/" + child.substr(0, child.find(' ')) + "/stat";
    wait_until("the process that opens the files has ended",
               [&] { return !fs::exists(left) || contains(content_of(left), ") Z"); });
}

TEST_CASE(
    "the process that opens the files has no more rights than that takes, and no descriptors") {
    const Loopback loopback;
    const TemporaryFolder folder;
    REQUIRE(chown(folder.path().c_str(), kCaller, kCaller) == 0);
    const bool sudo = GENERATE(false, true);
    Capture capture(Launch{.arguments = {"-i", "lo", "-w", folder.file("a"), "-C", "1"},
                           .netns = &loopback.netns,
                           .prepare = [sudo] {
                               if (sudo) {
                                   setenv("SUDO_UID", "54321", 1);
                                   setenv("SUDO_GID", "54321", 1);
                               } else {
                                   unsetenv("SUDO_UID");
                               }
                           }});
    const std::string pid = std::to_string(capture.pid());
    const std::string children = content_of("/proc/" + pid + "/task/" + pid + "/children");
    const std::string child = "/proc/" + children.substr(0, children.find(' '));
    const std::string status = content_of(child + "/status");
    INFO(status);
    const std::string user = sudo ? "54321" : "0";
    CHECK(contains(status, "Uid:\t" + user + "\t" + user + "\t" + user + "\t" + user));
    // CAP_DAC_OVERRIDE is the second.
    const std::string capabilities = sudo ? "0000000000000000" : "0000000000000002";
    CHECK(contains(status, "CapPrm:\t" + capabilities));
    CHECK(contains(status, "CapEff:\t" + capabilities));
    // A file that it has just opened for the capture is closed only after it was handed over.
    wait_until("the standard ones, the socket and the folder are all that it has open",
               [&] { return names_in(child + "/fd").size() == 5; });
    // The capture itself can't write anywhere.
    const std::string own = content_of("/proc/" + pid + "/status");
    const uint64_t kept = std::stoull(own.substr(own.find("CapPrm:") + 7), nullptr, 16);
    CHECK((kept & 2) == 0);
    capture.stop();
}

TEST_CASE("Ctrl-C ends the capture, and neither its last file nor the commands under way") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const TemporaryFolder tools;
    const std::string command = tools.file("command");
    std::ofstream(command) << "#!/bin/sh\nsleep 1\necho done >> " << tools.file("log") << "\n";
    REQUIRE(chmod(command.c_str(), 0755) == 0);
    Capture capture(
        Launch{.arguments = {"-i", "lo", "-w", folder.file("a"), "-C", "100k", "-z", command},
               .netns = &loopback.netns,
               .prepare = [] { setpgid(0, 0); }});
    send_numbered(loopback.sender, 0, 500, kSize);
    usleep(500'000);
    REQUIRE(kill(-capture.pid(), SIGINT) == 0);
    CHECK(capture.wait() == 0);
    const auto files = files_in(folder.path());
    REQUIRE(files.size() > 2);
    require_whole_files(files, totals_of(capture.err()), 500);
    const auto done = [&] { return occurrences(content_of(tools.file("log")), "done"); };
    wait_until("every command has ended", [&] { return done() >= files.size(); });
    CHECK(done() == files.size());
}

TEST_CASE("under sudo, every file belongs to who called it, and nobody else's folder gets any") {
    const Loopback loopback;
    const TemporaryFolder root;
    REQUIRE(chmod(root.path().c_str(), 0755) == 0);
    const std::string own = root.file("own");
    REQUIRE(mkdir(own.c_str(), 0755) == 0);
    REQUIRE(chown(own.c_str(), kCaller, kCaller) == 0);
    const auto as_sudo = [] {
        setenv("SUDO_UID", "54321", 1);
        setenv("SUDO_GID", "54321", 1);
    };
    const std::string log = own + "/log";
    const std::string command = root.file("command");
    std::ofstream(command) << "#!/bin/sh\nid -u >> " << log << "\n";
    REQUIRE(chmod(command.c_str(), 0755) == 0);
    const auto launch = [&](const std::string& file) {
        return Launch{.arguments = {"-i", "lo", "-w", file, "-C", "50k", "-z", command},
                      .netns = &loopback.netns,
                      .prepare = as_sudo};
    };
    Capture capture(launch(own + "/a"));
    send_numbered(loopback.sender, 0, 1000, kSize);
    capture.stop();
    REQUIRE(names_in(own).size() > 5);
    wait_until("a command has written", [&] { return contains(content_of(log), "\n"); });
    CHECK(content_of(log).substr(0, 6) == "54321\n");
    for (const auto& entry : fs::directory_iterator(own)) {
        struct stat status {};
        REQUIRE(stat(entry.path().c_str(), &status) == 0);
        CHECK(status.st_uid == kCaller);
        CHECK(status.st_gid == kCaller);
    }
    const CommandResult refused = run_pidcap(launch(root.file("b")));
    CHECK(refused.status == 1);
    CHECK(contains(refused.err, "Permission denied; under sudo"));
    CHECK(names_in(root.path()) == std::set<std::string>{"own", "command"});
}

TEST_CASE("a device, a fifo or a link is not replaced by a file") {
    const TemporaryFolder folder;
    const Netns netns;
    REQUIRE(mkfifo(folder.file("fifo").c_str(), 0600) == 0);
    REQUIRE(symlink("/dev/null", folder.file("link").c_str()) == 0);
    REQUIRE(mkdir(folder.file("folder").c_str(), 0700) == 0);
    for (const std::string name : {"fifo", "link", "folder"}) {
        const CommandResult refused = run_pidcap(
            Launch{.arguments = {"-i", "lo", "-w", folder.file(name), "-C", "1"}, .netns = &netns});
        INFO(refused.err);
        CHECK(refused.status == 1);
        CHECK(contains(refused.err, "it is no regular file"));
    }
    const CommandResult missing = run_pidcap(
        Launch{.arguments = {"-i", "lo", "-w", folder.file("no/a"), "-C", "1"}, .netns = &netns});
    CHECK(missing.status == 1);
    CHECK(contains(missing.err, "the folder must exist"));
    CHECK(names_in(folder.path()) == std::set<std::string>{"fifo", "folder", "link"});
}

namespace {

// Runs `work` where the folder is a file system of this size, which goes away with the thread.
template <typename Work>
void with_small_disk(const std::string& folder, const char* size, Work work) {
    std::thread([&] {
        REQUIRE(unshare(CLONE_NEWNS) == 0);
        REQUIRE(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
        REQUIRE(mount("tmpfs", folder.c_str(), "tmpfs", 0, size) == 0);
        work();
    }).join();
}

}  // namespace

TEST_CASE("a full disk ends no capture that has old files to give, and loses no packet") {
    const TemporaryFolder folder;
    with_small_disk(folder.path(), "size=2m", [&folder] {
        const Loopback loopback;
        // Of an earlier run, and not ours.
        std::ofstream(folder.file("a77777")) << std::string(300'000, 'x');
        std::ofstream(folder.file("precious")) << std::string(300'000, 'x');
        // So little that the disk is full first.
        Capture capture(loopback.netns,
                        {"-i", "lo", "-w", folder.file("a"), "-C", "100k", "--keep-free", "1k"});
        uint64_t sent = 0;
        for (uint32_t i = 0; i < 20; i++) {
            sent += send_numbered(loopback.sender, 500 * i, 500, kSize);
            usleep(50'000);
        }
        capture.stop();
        INFO(capture.err());
        CHECK(contains(capture.err(), folder.file("a77777") + " removed: "));
        CHECK(contains(capture.err(), "more older files removed"));
        CHECK(totals_of(capture.err()).captured == sent);
        CHECK(fs::file_size(folder.file("precious")) == 300'000);
        std::vector<uint32_t> numbers;
        for (const std::string& file : files_in(folder.path())) {
            if (!file.ends_with("precious")) {
                require_readable(file);
                const auto more = numbers_in(file, kSize);
                numbers.insert(numbers.end(), more.begin(), more.end());
            }
        }
        REQUIRE(numbers.size() > 1000);
        std::sort(numbers.begin(), numbers.end());
        std::vector<uint32_t> expected(numbers.size());
        std::iota(expected.begin(), expected.end(), static_cast<uint32_t>(sent - numbers.size()));
        CHECK(numbers == expected);
    });
}

TEST_CASE("so much of the disk is kept free as was asked for") {
    const TemporaryFolder folder;
    with_small_disk(folder.path(), "size=8m", [&folder] {
        const Loopback loopback;
        Capture capture(loopback.netns,
                        {"-i", "lo", "-w", folder.file("a"), "-C", "100k", "--keep-free", "5m"});
        for (uint32_t i = 0; i < 16; i++) {
            send_numbered(loopback.sender, 500 * i, 500, kSize);
            usleep(300'000);
            wait_until("enough is free", [&folder] {
                struct statvfs system {};
                REQUIRE(statvfs(folder.path().c_str(), &system) == 0);
                return system.f_bavail * system.f_frsize > (5U << 20) - 600'000;
            });
        }
        capture.stop();
        INFO(capture.err());
        CHECK(contains(capture.err(), " removed: less than 5.0 MiB is free"));
        CHECK(names_in(folder.path()).size() > 10);
    });
}

TEST_CASE("a full disk without old files, or without leave to remove them, ends the capture") {
    const TemporaryFolder folder;
    const bool may_remove = GENERATE(false, true);
    with_small_disk(folder.path(), "size=1m", [&] {
        const Loopback loopback;
        std::vector<std::string> arguments = {
            "-i", "lo", "-w", folder.file("a"), "-C", may_remove ? "10m" : "100k"};
        if (may_remove) {
            arguments.insert(arguments.end(), {"--keep-free", "1k"});
        }
        Capture capture(loopback.netns, arguments);
        send_numbered(loopback.sender, 0, 3000, kSize);
        CHECK(capture.wait() == 1);
        CHECK(contains(capture.err(), ".part: No space left on device"));
        for (const std::string& file : files_in(folder.path())) {
            require_readable(file);
            fs::remove(file);
        }
    });
}
