// SPDX-License-Identifier: GPL-2.0-only
//
// --ring and triggers, `pidcap trigger`, `pidcap status`: real traffic, of which the files of
// triggers have the right part, to the packet.
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
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
using nlohmann::json;
using std::chrono::milliseconds;

constexpr size_t kSize = 600;

std::vector<uint32_t> range(uint32_t first, uint32_t end) {
    std::vector<uint32_t> numbers;
    for (uint32_t i = first; i < end; i++) {
        numbers.push_back(i);
    }
    return numbers;
}

bool follow_each_other(const std::vector<uint32_t>& numbers) {
    return std::adjacent_find(numbers.begin(), numbers.end(),
                              [](uint32_t a, uint32_t b) { return b != a + 1; }) == numbers.end();
}

void rest(int ms) {
    std::this_thread::sleep_for(milliseconds(ms));
}

// Names are of this test run alone.
std::string recorder_name(const std::string& name) {
    return name + "-" + std::to_string(getpid());
}

json status_of(const std::string& name) {
    const CommandResult said = run_pidcap({"status", "--json", name});
    INFO(said.err);
    REQUIRE(said.status == 0);
    const json all = json::parse(said.out);
    REQUIRE(all.size() == 1);
    return all.front();
}

void wait_for_packets(const std::string& name, uint64_t count) {
    wait_until(std::to_string(count) + " packets have come or were lost", [&] {
        const json status = status_of(name);
        return status["packets"].get<uint64_t>() + status["dropped"]["ring_full"].get<uint64_t>() ==
               count;
    });
}

void require_whole(const std::string& file) {
    INFO(file);
    require_readable(file);
    const Statistics statistics = statistics_of(file);
    CHECK(statistics.delivered == packets_of(file).size());
    CHECK(statistics.received == statistics.delivered + statistics.dropped);
    // Each packet names its process, the first one with all details.
    const auto comments = fields_of(file, {"frame.comment"});
    REQUIRE(comments.size() == packets_of(file).size());
    for (const auto& row : comments) {
        CHECK(contains(row.front(), "pid=" + std::to_string(getpid()) + " "));
    }
    if (!comments.empty()) {
        CHECK(contains(comments.front().front(), " cmdline="));
    }
}

std::string section_comments(const std::string& file) {
    return output_of({"capinfos", "-k", file});
}

}  // namespace

TEST_CASE("a signal saves the packets of the time before and after it, and no others") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string name = recorder_name("signal");
    Capture capture(loopback.netns, {"-i", "lo", "-w", folder.file("a.pcapng"), "--ring", "16M",
                                     "--before", "3.5", "--after", "3", "--name", name});
    send_numbered(loopback.sender, 0, 100, kSize);
    rest(4000);
    send_numbered(loopback.sender, 100, 100, kSize);
    wait_for_packets(name, 200);
    CHECK(files_in(folder.path()).empty());
    capture.signal(SIGUSR1);
    capture.wait_for("trigger (signal): saving");
    send_numbered(loopback.sender, 200, 100, kSize);
    capture.wait_for("200 packets");
    send_numbered(loopback.sender, 300, 100, kSize);
    capture.stop();
    INFO(capture.err());
    const auto files = files_in(folder.path());
    REQUIRE(files.size() == 1);
    CHECK(contains(files[0], "/a-20"));
    CHECK(files[0].ends_with("-signal.pcapng"));
    require_whole(files[0]);
    CHECK(numbers_in(files[0], kSize) == range(100, 300));
    CHECK(contains(section_comments(files[0]), "trigger=signal time=20"));
    CHECK(contains(section_comments(files[0]), "before=3.5s after=3s"));
    CHECK(contains(capture.err(), "1 file of triggers with 200 packets; 0 packets left the ring"));
    CHECK(totals_of(capture.err()).captured == 400);
}

TEST_CASE("pidcap trigger puts its note into the file; one more while it is written extends it") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string name = recorder_name("note");
    Capture capture(loopback.netns, {"-i", "lo", "-w", folder.file("a-%s.pcapng"), "--ring", "4M",
                                     "--before", "60", "--after", "4", "--name", name});
    send_numbered(loopback.sender, 0, 100, kSize);
    rest(50);
    const CommandResult first =
        run_pidcap({"trigger", "--name", name, "--note", "it is \x1b slow"});
    INFO(first.err);
    REQUIRE(first.status == 0);
    CHECK(contains(first.out, "saves packets to"));
    rest(2500);
    send_numbered(loopback.sender, 100, 100, kSize);
    const CommandResult second = run_pidcap({"trigger", "--name", name, "--note", "second"});
    REQUIRE(second.status == 0);
    CHECK(contains(second.out, "makes longer"));
    const json during = status_of(name);
    CHECK(during["triggers"]["command"] == 2);
    CHECK(during["triggers"]["extended"] == 1);
    CHECK(during["triggers"]["last"]["note"] == "second");
    CHECK(during["triggers"]["saving_until"].is_string());
    CHECK(contains(during["files"]["current"].get<std::string>(), folder.path()));
    CHECK(during["files"]["current"].get<std::string>().ends_with(".part"));
    CHECK(fs::exists(during["files"]["current"].get<std::string>()));
    // Longer than the first one alone.
    rest(2500);
    send_numbered(loopback.sender, 200, 100, kSize);
    capture.wait_for("made longer by 1 more trigger");
    send_numbered(loopback.sender, 300, 100, kSize);
    rest(50);
    // A new file, with what the first one has of the time before, too.
    REQUIRE(run_pidcap({"trigger", "--name", name}).status == 0);
    rest(50);
    capture.stop();
    INFO(capture.err());
    CHECK(contains(capture.err(), "the capture ended"));
    const auto files = files_in(folder.path());
    REQUIRE(files.size() == 2);
    require_whole(files[0]);
    require_whole(files[1]);
    CHECK(numbers_in(files[0], kSize) == range(0, 300));
    CHECK(numbers_in(files[1], kSize) == range(0, 400));
    CHECK(contains(section_comments(files[0]), "uid=0 note=it is %1B slow"));
    std::ifstream raw(files[0], std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(raw)), {});
    CHECK(contains(bytes, "note=second"));
}

TEST_CASE("an expression on process and packet triggers at the packet, which is in the file") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const pcapng::Fd other = udp_socket(loopback.netns, "127.0.0.1", 10);
    const pcapng::Fd sender = udp_socket(loopback.netns, "127.0.0.1");
    connect_to(sender, "127.0.0.1", 10);
    std::string comm;
    std::getline(std::ifstream("/proc/self/comm"), comm);
    Capture wrong(loopback.netns, {"-i", "lo", "-w", folder.file("w.pcapng"), "--ring", "4M",
                                   "--trigger", "comm = nobody and udp dst port 10"});
    Capture capture(loopback.netns,
                    {"-i", "lo", "-w", folder.file("a.pcapng"), "--ring", "4M", "--before", "60",
                     "--after", "3", "--trigger", "comm = \"" + comm + "\" and udp dst port 10"});
    send_numbered(loopback.sender, 0, 100, kSize);
    rest(50);
    CHECK(files_in(folder.path()).empty());
    send_numbered(sender, 100, 1, kSize);
    send_numbered(loopback.sender, 101, 100, kSize);
    capture.wait_for("201 packets");
    capture.stop();
    wrong.stop();
    INFO(capture.err());
    const auto files = files_in(folder.path());
    REQUIRE(files.size() == 1);
    CHECK(files[0].ends_with("-expression.pcapng"));
    require_whole(files[0]);
    CHECK(numbers_in(files[0], kSize) == range(0, 201));
}

TEST_CASE("expressions that can't be are refused") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const auto refused = [&](const std::string& expression) {
        const CommandResult said = run_pidcap(
            Launch{{"-i", "lo", "-w", folder.file("a"), "--ring", "4M", "--trigger", expression},
                   &loopback.netns});
        CHECK(said.status == 1);
        return said.err;
    };
    CHECK(contains(refused("comm = x and tcp prot 3"), "neither a condition on processes"));
    CHECK(contains(refused("comm = x and tcp or udp"), "parentheses"));
    CHECK(contains(refused("pid = 4194303"), "no such process"));
    CHECK(files_in(folder.path()).empty());
}

TEST_CASE("a storm of triggers makes one file, without a gap or a double") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string name = recorder_name("storm");
    Capture capture(loopback.netns,
                    {"-i", "lo", "-B", "65536", "-w", folder.file("a.pcapng"), "--ring", "2M",
                     "--before", "1", "--after", "3", "--trigger", "udp", "--name", name});
    uint32_t sent = 0;
    for (int i = 0; i < 20; i++) {
        sent += static_cast<uint32_t>(send_numbered(loopback.sender, sent, 2000, kSize));
        capture.signal(SIGUSR1);
        CHECK(run_pidcap({"trigger", "--name", name}).status == 0);
    }
    capture.wait_for("more triggers");
    capture.stop();
    INFO(capture.err());
    CHECK(occurrences(capture.err(), "is made longer") == 1);
    CHECK(totals_of(capture.err()).dropped == 0);
    const auto files = files_in(folder.path());
    REQUIRE(files.size() == 1);
    // More than the ring holds.
    CHECK(fs::file_size(files[0]) > 10U << 20);
    CHECK(numbers_in(files[0], kSize) == range(0, sent));
    require_readable(files[0]);
}

TEST_CASE("the ring's memory is bounded under a flood, and its oldest packets go") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string name = recorder_name("flood");
    const uint64_t kernel_rings =
        (16 << 20) + (uint64_t{2} << 20) * static_cast<uint64_t>(sysconf(_SC_NPROCESSORS_CONF));
    Capture capture(loopback.netns,
                    {"-i", "lo", "-B", "16384", "-w", folder.file("a.pcapng"), "--ring", "8M",
                     "--before", "100", "--after", "0.2", "--name", name});
    const uint64_t before = status_of(name)["memory"];
    uint32_t sent = 0;
    for (int i = 0; i < 50; i++) {
        sent += static_cast<uint32_t>(send_numbered(loopback.sender, sent, 2000, kSize));
    }
    wait_for_packets(name, sent);
    const json status = status_of(name);
    INFO(status.dump(2));
    CHECK(status["ring"]["limit"] == 8 << 20);
    CHECK(status["ring"]["bytes"] <= 8 << 20);
    CHECK(status["ring"]["bytes"] > 7 << 20);
    // Beside the ring, the kernel's rings, which are mapped as far as packets come.
    CHECK(status["memory"].get<uint64_t>() < before + (uint64_t{10} << 20) + kernel_rings);
    CHECK(status["ring"]["packets"].get<uint64_t>() + status["ring"]["left"].get<uint64_t>() ==
          status["packets"].get<uint64_t>());
    CHECK(status["packets_per_second"] > 0);
    REQUIRE(run_pidcap({"trigger", "--name", name}).status == 0);
    capture.wait_for("-command.pcapng: ");
    capture.stop();
    const auto files = files_in(folder.path());
    REQUIRE(files.size() == 1);
    const auto numbers = numbers_in(files[0], kSize);
    CHECK(numbers.size() == status["ring"]["packets"].get<uint64_t>());
    if (status["dropped"]["ring_full"] == 0) {
        CHECK(follow_each_other(numbers));
        CHECK(numbers.back() == sent - 1);
    }
    require_readable(files[0]);
}

TEST_CASE("what the file of a trigger counts is of its own time") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns, {"-i", "lo", "-w", folder.file("a.pcapng"), "--ring", "4M",
                                     "--before", "0.5", "--after", "3"});
    send_numbered(loopback.sender, 0, 500, kSize);
    rest(2500);
    capture.signal(SIGUSR1);
    send_numbered(loopback.sender, 500, 50, kSize);
    capture.wait_for("50 packets");
    capture.stop();
    const auto files = files_in(folder.path());
    REQUIRE(files.size() == 1);
    const Statistics statistics = statistics_of(files[0]);
    CHECK(statistics.delivered == 50);
    CHECK(statistics.received == 50);
    CHECK(statistics.dropped == 0);
}

TEST_CASE("a window without packets is a file that every tool reads") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns, {"-i", "lo", "-w", folder.file("a.pcapng"), "--ring", "4M",
                                     "--before", "0.1", "--after", "0.1"});
    capture.signal(SIGUSR1);
    capture.wait_for(": 0 packets");
    capture.stop();
    const auto files = files_in(folder.path());
    REQUIRE(files.size() == 1);
    require_readable(files[0]);
}

TEST_CASE("files of triggers are compressed, given to -z, and never replace one another") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const TemporaryFolder moved;
    {
        std::ofstream script(folder.file("take"));
        script << "#!/bin/sh\nmv \"$1\" " << moved.path() << "/$(date +%s%N)\n";
    }
    fs::permissions(folder.file("take"), fs::perms::owner_all);
    // The same name for both, and a file of it is there already.
    const std::string mine =
        folder.file("a-" + output_of({"date", "+%Y"}).substr(0, 4) + "-signal.pcapng.zst");
    std::ofstream(mine) << "mine";
    Capture capture(loopback.netns,
                    {"-i", "lo", "-w", folder.file("a-%Y.pcapng.zst"), "--ring", "4M", "--before",
                     "5", "--after", "0.1", "--compress", "zstd", "-z", folder.file("take")});
    send_numbered(loopback.sender, 0, 100, kSize);
    for (size_t i = 0; i < 2; i++) {
        capture.signal(SIGUSR1);
        wait_until("the file is moved", [&] { return files_in(moved.path()).size() > i; });
    }
    capture.stop();
    INFO(capture.err());
    const auto files = files_in(moved.path());
    CHECK(files.size() == 2);
    for (const std::string& file : files) {
        CHECK(output_of({"file", "-b", file}).starts_with("Zstandard"));
    }
    CHECK(fs::file_size(mine) == 4);
}

TEST_CASE("a file that can't be made costs that trigger, not the recorder") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string name = recorder_name("failed");
    Capture capture(loopback.netns, {"-i", "lo", "-w", folder.file("a.pcapng"), "--ring", "4M",
                                     "--after", "0.2", "--name", name});
    send_numbered(loopback.sender, 0, 100, kSize);
    // Nobody can make a file in a folder that is gone.
    fs::remove_all(folder.path());
    capture.signal(SIGUSR1);
    capture.wait_for("the capture goes on");
    CHECK(status_of(name)["triggers"]["failed"] == 1);
    fs::create_directory(folder.path());
    send_numbered(loopback.sender, 100, 100, kSize);
    capture.stop();
    CHECK(totals_of(capture.err()).captured == 200);
}

TEST_CASE("on disk, a trigger keeps the files of its window from the ring") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string name = recorder_name("disk");
    Capture capture(loopback.netns, {"-i", "lo", "-w", folder.file("a.pcapng"), "-C", "100k", "-W",
                                     "3", "--before", "3", "--after", "3", "--name", name});
    uint32_t sent = 0;
    uint32_t at_trigger = 0;
    uint32_t window_end = 0;
    for (int i = 0; i < 60; i++) {
        sent += static_cast<uint32_t>(send_numbered(loopback.sender, sent, 50, kSize));
        rest(20);
        if (i == 20) {
            at_trigger = sent;
            REQUIRE(run_pidcap({"trigger", "--name", name, "--note", "kept"}).status == 0);
        }
        if (i == 25) {
            window_end = sent;
        }
        if (i == 30) {
            rest(3000);  // the rest of the window
        }
    }
    capture.stop();
    INFO(capture.err());
    CHECK(contains(capture.err(), "files kept"));
    std::vector<uint32_t> kept;
    size_t ring = 0;
    bool noted = false;
    std::vector<std::string> files = files_in(folder.path());
    // By number: "-command.pcapng", "-command-2.pcapng", …
    std::sort(files.begin(), files.end(), [](const std::string& a, const std::string& b) {
        return std::pair(a.size(), a) < std::pair(b.size(), b);
    });
    for (const std::string& file : files) {
        if (!contains(file, "-command")) {
            ring++;
            continue;
        }
        require_whole(file);
        const auto numbers = numbers_in(file, kSize);
        kept.insert(kept.end(), numbers.begin(), numbers.end());
        std::ifstream raw(file, std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(raw)), {});
        noted = noted || contains(bytes, "note=kept");
    }
    CHECK(ring == 3);
    CHECK(noted);
    REQUIRE_FALSE(kept.empty());
    CHECK(follow_each_other(kept));
    CHECK(kept.front() < at_trigger);
    CHECK(kept.back() >= window_end);
    CHECK(kept.size() < sent);
}

TEST_CASE("pidcap status shows every recorder, and a killed one leaves no trace in it") {
    const Loopback loopback;
    const TemporaryFolder folder;
    const std::string one = recorder_name("one");
    const std::string two = recorder_name("two");
    Capture ring(loopback.netns,
                 {"-i", "lo", "-w", folder.file("r.pcapng"), "--ring", "4M", "--name", one, "udp"});
    Capture rotating(loopback.netns,
                     {"-i", "lo", "-w", folder.file("a.pcapng"), "-C", "100k", "--name", two});
    send_numbered(loopback.sender, 0, 400, kSize);
    wait_for_packets(one, 400);
    wait_for_packets(two, 400);
    const CommandResult text = run_pidcap({"status"});
    INFO(text.out << text.err);
    CHECK(contains(text.out, "recorder " + one + ": pid " + std::to_string(ring.pid())));
    CHECK(contains(text.out, "recorder " + two + ": pid "));
    CHECK(contains(text.out, "lo; filter: udp"));
    const json status = status_of(one);
    CHECK(status["filter"] == "udp");
    CHECK(status["interfaces"] == json::array({"lo"}));
    CHECK(status["packets"] == 400);
    CHECK(status["ring"]["packets"] == 400);
    const json other = status_of(two);
    CHECK(other["ring"].is_null());
    CHECK(other["files"]["complete"] >= 2);
    const CommandResult several = run_pidcap({"trigger"});
    CHECK(several.status == 1);
    CHECK(contains(several.err, "choose with --name"));
    const CommandResult twice = run_pidcap(Launch{
        {"-i", "lo", "-w", folder.file("b"), "--ring", "4M", "--name", one}, &loopback.netns});
    CHECK(twice.status == 1);
    CHECK(contains(twice.err, "is running"));
    ring.signal(SIGKILL);
    ring.wait();
    rotating.stop();
    CHECK(run_pidcap({"status", one}).status == 1);
    CHECK(run_pidcap({"status", two}).status == 1);
    for (const std::string& name : {one, two}) {
        CHECK_FALSE(fs::exists("/run/pidcap/" + name + ".sock"));
    }
}

TEST_CASE("a plain capture leaves nothing to be asked") {
    const Loopback loopback;
    const TemporaryFolder folder;
    Capture capture(loopback.netns, {"-i", "lo", "-w", folder.file("a.pcapng")});
    CHECK_FALSE(fs::exists("/run/pidcap/" + std::to_string(capture.pid()) + ".sock"));
    capture.stop();
}
