// SPDX-License-Identifier: GPL-2.0-only
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "pcapng/parse.h"
#include "tests/cmd/offline/written.h"
#include "tests/support/named_host.h"

using test::Capture;
using test::contains;
using test::need;

namespace {

const Capture::Who kCurl{.pid = 812, .comm = "curl"};

std::string made(const std::string& path, int packets, uint64_t start_ns,
                 const Capture::Who& who = kCurl) {
    Capture capture(path, "eth0", start_ns);
    for (int i = 0; i < packets; i++) {
        capture.packet(who, i == 0);
    }
    capture.close();
    return path;
}

}  // namespace

TEST_CASE("merge orders packets as mergecap does") {
    const test::TemporaryFolder folder;
    const std::string a = made(folder.file("a.pcapng"), 20, test::kStart + 300000);
    const std::string b = made(folder.file("b.pcapng"), 30, test::kStart);
    const std::string c = made(folder.file("c.pcapng"), 5, test::kStart + 300000);
    const std::string ours = folder.file("ours.pcapng");
    const std::string theirs = folder.file("theirs.pcapng");
    test::pidcap_done({"merge", a, b, c, "-w", ours});
    test::output_of({"mergecap", "-w", theirs, a, b, c});
    const std::vector<std::string> fields = {"frame.time_epoch", "frame.len"};
    CHECK(test::tshark_lines(ours, fields) == test::tshark_lines(theirs, fields));
    CHECK(test::tshark_lines(ours, fields).size() == 55);
}

TEST_CASE("processes of two hosts with one pid stay two") {
    const test::TemporaryFolder folder;
    const std::string a = made(folder.file("web.pcapng"), 2, test::kStart);
    const std::string b = made(folder.file("db.pcapng"), 2, test::kStart + 500000);
    const std::string out = folder.file("out.pcapng");
    test::pidcap_done({"merge", a, b, "-w", out});
    const auto comments = test::comments(out);
    REQUIRE(comments.size() == 4);
    const auto of_a = test::comments(a);
    CHECK(comments[0] == of_a[0] + " host=web");
    CHECK(comments[1] == test::comments(b)[0] + " host=db");
    CHECK(comments[2] == of_a[1] + " host=web");
    CHECK(test::tshark_lines(out, {"frame.interface_name"}) ==
          std::vector<std::string>{"web/eth0", "db/eth0", "web/eth0", "db/eth0"});

    const auto table = test::pidcap({"processes", "--json", out});
    std::set<std::string> hosts;
    std::istringstream rows(table.out);
    for (std::string row; std::getline(rows, row);) {
        hosts.insert(nlohmann::json::parse(row).at("host").get<std::string>());
    }
    CHECK(hosts == std::set<std::string>{"db", "web"});

    SECTION("and keep their hosts when the file is merged again") {
        const std::string c = made(folder.file("c.pcapng"), 1, test::kStart + 700000);
        const std::string again = folder.file("again.pcapng");
        test::pidcap_done({"merge", out, c, "-w", again});
        const auto names = test::tshark_lines(again, {"frame.interface_name"});
        CHECK(names ==
              std::vector<std::string>{"web/eth0", "db/eth0", "c/eth0", "web/eth0", "db/eth0"});
        CHECK(test::comments(again)[0] == comments[0]);
    }
}

TEST_CASE("a process that another tool told becomes one of its host") {
    const test::TemporaryFolder folder;
    const std::string out = folder.file("out.pcapng");
    const std::string darwin = test::sample("darwin.pcapng");
    test::pidcap_done({"merge", darwin, darwin, "--host", "a", "--host", "b c", "-w", out});
    size_t of_a = 0;
    size_t of_b = 0;
    for (const std::string& comment : test::comments(out)) {
        of_a += contains(comment, "host=a") ? 1 : 0;
        of_b += contains(comment, "host=b%20c") ? 1 : 0;
    }
    CHECK(of_a > 0);
    CHECK(of_a == of_b);
}

TEST_CASE("a merged file tells of a process what process information and ptcpdump tell") {
    const test::TemporaryFolder folder;
    const std::string out = folder.file("out.pcapng");
    const auto processes = [](const std::string& file) {
        std::vector<nlohmann::json> rows;
        std::istringstream lines(test::pidcap({"processes", "--json", file}).out);
        for (std::string line; std::getline(lines, line);) {
            auto row = nlohmann::json::parse(line);
            row.erase("host");
            rows.push_back(std::move(row));
        }
        return rows;
    };
    for (const std::string name : {"pib-behind-packet.pcapng", "ptcpdump-container.pcapng"}) {
        INFO(name);
        const auto expected = processes(test::sample(name));
        REQUIRE(expected.size() == 1);
        REQUIRE(expected[0].at("cmdline") == "curl http://example.com");
        test::pidcap_done({"merge", test::sample(name), "--host", "web", "-w", out});
        CHECK(processes(out) == expected);
        for (const std::string& comment : test::comments(out)) {
            if (!comment.empty()) {  // process information is a frame, too
                CHECK(contains(comment, "pid=100 "));
                CHECK(contains(comment, " host=web"));
            }
        }
        CHECK(contains(test::comments(out).front(), "cmdline=curl%20http://example.com"));
    }
    SECTION("of a pipe as far as it has told it") {
        const std::string command = "cat '" + test::sample("pib-behind-packet.pcapng") + "' | '" +
                                    PIDCAP_PROGRAM + "' merge - -w '" + out + "'";
        REQUIRE(test::run({"sh", "-c", command}).status == 0);
        const auto told = processes(out);
        REQUIRE(told.size() == 1);
        CHECK(told[0].at("cmdline") == "curl http://example.com");
    }
}

TEST_CASE("a merged file has no more interfaces than can be read") {
    const test::TemporaryFolder folder;
    const auto made_of = [&](const std::string& name, size_t interfaces) {
        auto writer = test::open_writer(folder.file(name));
        const test::Bytes frame = test::udp_frame();
        for (size_t i = 0; i < interfaces; i++) {
            const uint32_t id = need(writer.add_interface({.name = "eth0"}));
            need(writer.packet({.interface_id = id, .time_ns = test::kStart + i, .data = frame}));
        }
        need(writer.close());
        return folder.file(name);
    };
    const std::string a = made_of("a", pcapng::kMaxWrittenInterfaces - 1);
    const std::string out = folder.file("out");
    test::pidcap_done({"merge", a, made_of("b", 1), "-w", out});
    CHECK(test::pidcap({"read", "-c", "1", out}).status == 0);
    const auto refused = test::pidcap({"merge", a, made_of("b", 2), "-w", out});
    CHECK(refused.status == 1);
    CHECK(contains(refused.err, "interfaces"));
    CHECK(test::pidcap({"read", out}).status == 0);
}

TEST_CASE("a journal entry is of the process of its host") {
    const test::TemporaryFolder folder;
    std::vector<std::string> command = {"merge"};
    for (const std::string host : {"web", "db"}) {
        Capture capture(folder.file(host));
        capture.packet(kCurl, true);
        const std::string start = std::to_string(kCurl.start_ns);
        const std::vector<pcapng::JournalField> fields = {
            {"MESSAGE", "exit curl"}, {"_PID", "812"}, {"_PIDCAP_START", start}};
        const uint64_t second = host == "web" ? 1 : 2;
        need(capture.writer.journal_entry(test::kStart + second * 1000000000, fields));
        capture.close();
        command.push_back(folder.file(host));
    }
    const std::string out = folder.file("out.pcapng");
    command.insert(command.end(), {"--host", "web", "--host", "d\nb", "-w", out});
    test::pidcap_done(command);
    std::map<std::string, std::string> ends;
    std::istringstream rows(test::pidcap({"processes", "--json", out}).out);
    for (std::string line; std::getline(rows, line);) {
        const auto row = nlohmann::json::parse(line);
        ends[row.at("host").get<std::string>()] = row.at("end_time").dump();
    }
    REQUIRE(ends.size() == 2);
    CHECK(contains(ends["web"], ":41.0"));
    CHECK(contains(ends["d\nb"], ":42.0"));
    CHECK(test::tshark_lines(out, {"systemd_journal.hostname"}).size() == 4);
    CHECK(contains(test::output_of({"tshark", "-r", out, "-Y", "systemd_journal.hostname == web"}),
                   "exit curl"));
}

TEST_CASE("the end of a process that isn't told stays untold") {
    const test::TemporaryFolder folder;
    const std::string a = folder.file("a.pcapng");
    const std::string out = folder.file("out.pcapng");
    const test::Bytes frame = test::datagram(1, 5, 2);
    Capture capture(a, "lo");  // another tool's: its direction tells nothing there
    need(capture.writer.packet({.time_ns = test::kStart,
                                .data = frame,
                                .wire_length = static_cast<uint32_t>(frame.size()),
                                .direction = pcapng::Direction::kOutbound,
                                .process = pcapng::ProcessThread{5, 5}}));
    capture.close();
    test::pidcap_done({"merge", a, "-w", out});
    CHECK(contains(test::comments(out)[0], " at=unknown"));
    for (const std::string& file : {a, out}) {
        const auto table = test::pidcap({"processes", "--json", file});
        CHECK(nlohmann::json::parse(table.out).at("either_packets") == 1);
    }
}

TEST_CASE("a comment that is too long for its host loses other keys") {
    const test::TemporaryFolder folder;
    const std::string a = folder.file("a.pcapng");
    const std::string b = made(folder.file("b.pcapng"), 1, test::kStart + 1);
    const std::string out = folder.file("out.pcapng");
    Capture capture(a);
    capture.plain(test::datagram(1, 5, 2), "pid=5 via=socket cmdline=" + std::string(65505, 'x'));
    capture.close();
    test::pidcap_done({"merge", a, b, "-w", out});
    CHECK(test::comments(out)[0] == "pid=5 via=socket host=a");
    const std::string long_name(256, 'x');
    CHECK(test::pidcap({"merge", a, "--host", long_name, "-w", out}).status == 2);
}

TEST_CASE("two files of one name need to be told whose they are") {
    const test::TemporaryFolder folder;
    const std::string a = made(folder.file("a.pcapng"), 1, test::kStart);
    const std::string out = folder.file("out.pcapng");
    const auto result = test::pidcap({"merge", a, a, "-w", out});
    CHECK(result.status == 2);
    CHECK(contains(result.err, "two files of host a"));
    CHECK(test::pidcap({"merge", a, a, "--host", "x", "-w", out}).status == 2);
    test::pidcap_done({"merge", a, a, "--host", "x", "--host", "x", "-w", out});
    CHECK(test::comments(out).size() == 2);
    CHECK(test::pidcap({"merge", out, "-w", out}).status == 1);
}

TEST_CASE("the hosts that files say they are of are merged, unless the command line says others") {
    const test::TemporaryFolder folder;
    const std::string a = made(folder.file("a.pcapng"), 2, test::kStart);
    const std::string later = made(folder.file("later.pcapng"), 1, test::kStart + 10'000'000);
    const std::string b = made(folder.file("b.pcapng"), 1, test::kStart + 20'000'000);
    test::with_section_comment(a, "host=web%201");
    test::with_section_comment(later, "host=web%201");
    const std::string out = folder.file("out.pcapng");
    const auto hosts = [&out] {
        std::vector<std::string> found;
        for (const std::string& comment : test::comments(out)) {
            found.push_back(comment.substr(comment.rfind(' ') + 1));
        }
        return found;
    };
    test::pidcap_done({"merge", a, later, b, "-w", out});
    CHECK(hosts() ==
          std::vector<std::string>{"host=web%201", "host=web%201", "host=web%201", "host=b"});
    // Each host is there once for each file, and no name twice for one.
    const std::string header = test::output_of({"capinfos", "-k", out});
    CHECK(contains(header, "host=web%201, "));
    CHECK_FALSE(contains(header, ", host="));
    CHECK(contains(test::output_of({PIDCAP_PROGRAM, "processes", out}), "web 1:curl[812]"));

    test::pidcap_done({"merge", a, b, "--host", "x", "--host", "y", "-w", out});
    CHECK(hosts() == std::vector<std::string>{"host=x", "host=x", "host=y"});

    SECTION("and a name that is only a file's is no other host's") {
        const std::string same = made(folder.file("web 1.pcapng"), 1, test::kStart);
        const auto refused = test::pidcap({"merge", a, same, "-w", out});
        CHECK(refused.status == 2);
        CHECK(contains(refused.err, "two files of host web 1"));
    }
}

TEST_CASE("what mergecap made of two hosts' files is of neither") {
    const test::TemporaryFolder folder;
    const std::string a = made(folder.file("a.pcapng"), 1, test::kStart);
    const std::string b = made(folder.file("b.pcapng"), 1, test::kStart + 1);
    test::with_section_comment(a, "host=web");
    test::with_section_comment(b, "host=db");
    const std::string out = folder.file("out.pcapng");
    test::output_of({"mergecap", "-w", out, a, b});
    REQUIRE(contains(test::output_of({"capinfos", "-k", out}), "host=web"));
    for (const std::string& row :
         test::lines(test::output_of({PIDCAP_PROGRAM, "read", "--json", out}))) {
        CHECK(nlohmann::json::parse(row).at("host").is_null());
    }
}

TEST_CASE("a broken file among those merged costs only what can't be read of it") {
    const test::TemporaryFolder folder;
    const std::string a = made(folder.file("a.pcapng"), 3, test::kStart);
    const std::string b = made(folder.file("b.pcapng"), 3, test::kStart + 1);
    auto bytes = test::read_file(b);
    bytes.resize(bytes.size() - 4);
    test::write_file(b, bytes);
    const std::string out = folder.file("out.pcapng");
    const auto result = test::pidcap({"merge", a, b, "-w", out});
    CHECK(result.status == 1);
    CHECK(contains(result.err, "b.pcapng"));
    CHECK(test::comments(out).size() == 5);
}
