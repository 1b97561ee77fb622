// SPDX-License-Identifier: GPL-2.0-only
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <set>
#include <variant>

#include "pcapng/reader.h"
#include "tests/cmd/offline/written.h"

using test::Capture;
using test::contains;
using test::need;

namespace {

const std::vector<std::string> kFields = {"frame.time_epoch", "frame.len",
                                          "frame.cap_len",    "frame.packet_flags_direction",
                                          "frame.drop_count", "frame.interface_name",
                                          "frame.comment"};

const Capture::Who kCurl{.pid = 812, .comm = "curl"};
const Capture::Who kNginx{.pid = 77, .comm = "nginx", .uid = 33};

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
}

// The pids of the Darwin processes that packets point to.
std::vector<uint32_t> darwin_pids(const std::string& path) {
    auto reader = need(pcapng::Reader::open_file(path));
    std::vector<uint32_t> processes;
    std::vector<uint32_t> pids;
    while (auto block = need(reader.next())) {
        if (const auto* process = std::get_if<pcapng::DarwinProcessRead>(&*block)) {
            processes.push_back(process->pid);
        } else if (const auto* packet = std::get_if<pcapng::PacketRead>(&*block)) {
            pids.push_back(packet->darwin_index ? processes.at(*packet->darwin_index) : 0);
        }
    }
    return pids;
}

template <typename Read>
std::vector<Read> blocks_of(const std::string& path) {
    auto reader = need(pcapng::Reader::open_file(path));
    std::vector<Read> found;
    while (auto block = need(reader.next())) {
        if (const auto* read = std::get_if<Read>(&*block)) {
            found.push_back(*read);
        }
    }
    return found;
}

}  // namespace

TEST_CASE("extract without a selection changes no packet") {
    for (const std::string name : {"darwin.pcapng", "journal.pcapng", "pib.pcapng",
                                   "ptcpdump-0.37.pcapng", "darwin-bad-index.pcapng"}) {
        const test::TemporaryFolder folder;
        const std::string out = folder.file("out.pcapng");
        test::pidcap_done({"extract", test::sample(name), "-w", out});
        INFO(name);
        CHECK(test::tshark_lines(out, kFields) == test::tshark_lines(test::sample(name), kFields));
        CHECK(test::tshark_lines(out, {"frame.protocols"}).size() ==
              test::tshark_lines(test::sample(name), {"frame.protocols"}).size());
    }
}

TEST_CASE("extract of a process writes its packets, and introduces who else is in them") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    Capture capture(in);
    capture.packet(kNginx, true);
    capture.packet(kCurl, true);
    capture.packet(kNginx, false);
    capture.packet(kCurl, false);
    capture.close();
    const auto all = test::tshark_lines(in, kFields);
    test::pidcap_done({"extract", in, "--pid", "812", "-w", out});
    CHECK(test::tshark_lines(out, kFields) == std::vector<std::string>{all[1], all[3]});
    CHECK(darwin_pids(out) == std::vector<uint32_t>{812, 812});

    SECTION("also where the packet that introduced it was left behind") {
        const std::string late = folder.file("late.pcapng");
        test::pidcap_done({"extract", in, "--pid", "812", "--after", "+0.0025", "-w", late});
        const auto comments = test::comments(late);
        REQUIRE(comments.size() == 1);
        CHECK(comments[0] ==
              test::comments(in)[3] + " ppid=1 pcomm=init user=u cmdline=curl%20--now");
    }
    SECTION("and an empty file is one that tcpdump reads") {
        const std::string none = folder.file("none.pcapng");
        test::pidcap_done({"extract", in, "--pid", "5", "-w", none});
        CHECK(test::output_of({"tcpdump", "-r", none}).empty());
        CHECK(test::tshark_lines(none, kFields).empty());
    }
}

TEST_CASE("process blocks, journal entries and statistics go with their packets") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    Capture capture(in);
    capture.packet(kNginx, true);
    const auto tell = [&](const Capture::Who& who) {
        need(capture.writer.process_information(
            {.pid = who.pid, .name = who.comm, .start_ns = who.start_ns}));
        const std::string pid = std::to_string(who.pid);
        const std::string message = "exec " + who.comm;
        const std::vector<pcapng::JournalField> kept = {{"MESSAGE", message}, {"_PID", pid}};
        need(capture.writer.journal_entry(capture.time_ns, kept));
    };
    tell(kNginx);
    tell(kCurl);  // before its first packet
    capture.packet(kCurl, true);
    need(capture.writer.statistics({.time_ns = test::kStart,
                                    .received = 10,
                                    .dropped = 1,
                                    .filter_accepted = 3,
                                    .os_dropped = 2,
                                    .delivered = 2}));
    capture.close();
    test::pidcap_done({"extract", in, "--pid", "812", "-w", out});
    const auto told = blocks_of<pcapng::ProcessInformationRead>(out);
    REQUIRE(told.size() == 1);
    CHECK(told[0].pid == 812);
    CHECK(test::tshark_lines(out, {"systemd_journal.pid"}) ==
          std::vector<std::string>{"", "", "812"});
    const auto statistics = blocks_of<pcapng::StatisticsRead>(out);
    REQUIRE(statistics.size() == 1);
    CHECK(statistics[0].received == 10u);
    CHECK(statistics[0].dropped == 1u);
    CHECK(statistics[0].os_dropped == 2u);
    CHECK(!statistics[0].filter_accepted);
    CHECK(!statistics[0].delivered);

    const std::string whole = folder.file("whole.pcapng");
    test::pidcap_done({"extract", in, "-w", whole});
    CHECK(blocks_of<pcapng::StatisticsRead>(whole)[0].delivered == 2u);
    CHECK(blocks_of<pcapng::ProcessInformationRead>(whole).size() == 2);
}

TEST_CASE("the input is never overwritten") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    Capture capture(in);
    capture.packet(kCurl, true);
    capture.close();
    const std::string before = test::content_of(in);
    const std::string link = folder.file("link.pcapng");
    REQUIRE(::link(in.c_str(), link.c_str()) == 0);
    for (const std::string& out : {in, link, folder.path() + "/./in.pcapng"}) {
        const auto result = test::pidcap({"extract", in, "-w", out});
        CHECK(result.status == 1);
        CHECK(contains(result.err, "this is the input file"));
        CHECK(test::content_of(in) == before);
    }
}

TEST_CASE("what was readable of a cut file is extracted, and the byte is named") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("out.pcapng");
    Capture capture(in);
    capture.packet(kCurl, true);
    capture.packet(kCurl, false);
    capture.close();
    auto bytes = test::read_file(in);
    bytes.resize(bytes.size() - 10);
    test::write_file(in, bytes);
    const auto result = test::pidcap({"extract", in, "-w", out});
    CHECK(result.status == 1);
    INFO(result.err);
    CHECK(contains(result.err, "in.pcapng"));
    CHECK(test::tshark_lines(out, kFields).size() == 1);

    test::write_file(in, {});
    const std::string none = folder.file("none.pcapng");
    CHECK(test::pidcap({"extract", in, "-w", none}).status == 1);
    CHECK(!std::filesystem::exists(none));
}

TEST_CASE("a hostile process chooses no name of a file") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("split");
    Capture capture(in);
    const std::vector<std::string> hostile = {"../../etc", "/bin/sh",   "a b",  "\x1b[2J", ".",
                                              "-rf",       "caf\u00e9", "curl", "\n"};
    uint32_t pid = 100;
    for (const std::string& comm : hostile) {
        capture.packet({.pid = pid++, .comm = comm}, true);
    }
    // The pid comes back, under the same name.
    capture.packet({.pid = 107, .comm = "curl", .start_ns = test::kStart - 5}, true);
    capture.plain(test::datagram(1, 1, 2), "via=kernel");
    capture.close();
    test::pidcap_done({"extract", in, "--split", "process", "-w", out});
    const auto names = names_in(out);
    CHECK(names.size() == hostile.size() + 2);
    for (const std::string& name : names) {
        INFO(name);
        CHECK(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789._-") == std::string::npos);
        CHECK(test::comments(out + "/" + name).size() == 1);
    }
    CHECK(std::count(names.begin(), names.end(), "107-curl.pcapng") == 1);
    CHECK(std::count(names.begin(), names.end(),
                     "107-curl-" + std::to_string(test::kStart - 5) + ".pcapng") == 1);
    CHECK(std::count(names.begin(), names.end(), "unattributed.pcapng") == 1);

    const auto again = test::pidcap({"extract", in, "--split", "process", "-w", out});
    CHECK(again.status == 1);
    CHECK(contains(again.err, "isn't empty"));
}

TEST_CASE("more processes than files can be open are split, each packet into one file") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("split");
    Capture capture(in);
    constexpr uint32_t kProcesses = 1500;
    for (const bool first : {true, false}) {
        for (uint32_t pid = 1; pid <= kProcesses; pid++) {
            capture.packet({.pid = pid, .comm = "p"}, first);
        }
    }
    capture.close();
    test::pidcap_done({"extract", in, "--split", "process", "-w", out});
    const auto names = names_in(out);
    REQUIRE(names.size() == kProcesses);
    for (const std::string& name : {names.front(), names[700], names.back()}) {
        const auto comments = test::comments(out + "/" + name);
        REQUIRE(comments.size() == 2);
        CHECK(contains(comments[0], "cmdline="));
        CHECK(comments[0].substr(0, comments[0].find(' ')) ==
              "pid=" + name.substr(0, name.find('-')));
    }
}

TEST_CASE("a split by user puts a packet of two users into both files") {
    const test::TemporaryFolder folder;
    const std::string in = folder.file("in.pcapng");
    const std::string out = folder.file("split");
    Capture capture(in);
    capture.plain(test::datagram(1, 1, 2),
                  "pid=1 comm=a uid=5 st=7 via=socket peer.pid=2 peer.comm=b peer.uid=6 peer.st=8 "
                  "peer.via=lookup user=eve");
    capture.plain(test::datagram(1, 1, 2), "pid=1 comm=a uid=5 st=7 via=socket");
    capture.close();
    test::pidcap_done({"extract", in, "--split", "user", "-w", out});
    CHECK(names_in(out) == std::vector<std::string>{"user-6.pcapng", "user-eve.pcapng"});
    CHECK(test::comments(out + "/user-eve.pcapng") == test::comments(in));
    CHECK(test::comments(out + "/user-6.pcapng").size() == 1);
}
