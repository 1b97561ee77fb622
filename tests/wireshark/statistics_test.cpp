// SPDX-License-Identifier: GPL-2.0-only
//
// -z pidcap,processes and -z pidcap,flows, and the profile.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/pcapng/files.h"
#include "tests/wireshark/wireshark.h"

using namespace test;

namespace {

using Strings = std::vector<std::string>;

// A UDP datagram as write_comments makes them, from and to these ports; what comes from port 53
// comes from 10.0.0.2.
struct Datagram {
    uint16_t source = 0;
    uint16_t destination = 0;
    pcapng::Direction direction = pcapng::Direction::kUnknown;
    std::string comment;
};

void write_datagrams(const std::string& path, const std::vector<Datagram>& datagrams) {
    pcapng::Writer writer = open_writer(path);
    need(writer.add_interface({.name = "eth0"}));
    uint64_t time = 1763650000000000000;
    for (const Datagram& datagram : datagrams) {
        Bytes frame = udp_frame();
        frame[34] = static_cast<uint8_t>(datagram.source >> 8);
        frame[35] = static_cast<uint8_t>(datagram.source);
        frame[36] = static_cast<uint8_t>(datagram.destination >> 8);
        frame[37] = static_cast<uint8_t>(datagram.destination);
        if (datagram.source == 53) {
            std::swap(frame[29], frame[33]);
        }
        need(writer.packet({.time_ns = time += 1000000,
                            .data = frame,
                            .wire_length = static_cast<uint32_t>(frame.size()),
                            .direction = datagram.direction,
                            .comment = datagram.comment}));
    }
    need(writer.close());
}

constexpr auto kIn = pcapng::Direction::kInbound;
constexpr auto kOut = pcapng::Direction::kOutbound;

std::string process(const std::string& via) {
    return "pid=5 comm=a st=1763640000000000000 via=" + via;
}

}  // namespace

TEST_CASE("the table of processes has what tshark counts by filter, each process once") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    Strings comments;
    for (int i = 0; i < 100; ++i) {
        comments.push_back(
            fmt::format("pid={} comm=c{} uid={} st=17636{:02}000000000000 via=socket{}", i % 5,
                        i % 5, i % 5, i % 10, i < 10 ? fmt::format(" user=u{}", i % 5) : ""));
    }
    comments.insert(comments.end(), {"via=kernel", "via=kernel", "via=unknown", ""});
    write_comments(path, comments);
    const auto rows = wireshark.table(path, "pidcap,processes");
    REQUIRE(rows.size() == 13);  // ten processes of five pids
    size_t packets = 0;
    std::map<std::string, std::string> nobody;
    for (const Row& row : rows) {
        if (row[0][0] == '(') {
            nobody[row[0]] = row[1];  // no PID, no user
            packets += std::stoul(row[1]);
            continue;
        }
        // Process, PID, User, Packets, Bytes, Received, Sent, Peers, First, Last
        REQUIRE(row.size() == 10);
        CHECK(row[0] == "c" + row[1]);
        CHECK(row[2] == "u" + row[1]);
        CHECK(row[3] == "10");
        CHECK(row[4] == "580");
        CHECK(row[5] == "0");
        CHECK(row[6] == "580");
        CHECK(row[7] == "1");
        CHECK(std::stod(row[9]) - std::stod(row[8]) == Approx(0.09));
        packets += 10;
    }
    CHECK(packets == comments.size());
    CHECK(nobody == std::map<std::string, std::string>{
                        {"(kernel)", "2"}, {"(unknown)", "1"}, {"(no process)", "1"}});
    CHECK(wireshark.count(path, "process.pid == 3") == 20);
}

TEST_CASE("a table counts the packets that match its filter only") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(
        path, {"pid=1 comm=a via=socket", "pid=2 comm=b via=socket", "pid=2 comm=b via=socket"});
    const auto rows =
        wireshark.table(path, "pidcap,processes,process.comm == \"b\" && frame.number > 2");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0][0] == "b");
    CHECK(rows[0][2] == "1");
}

TEST_CASE("a packet counts for its sender and for its receiver") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    const std::string both = "pid=5 comm=a via=socket peer.pid=6 peer.comm=b peer.via=lookup";
    write_datagrams(path, {{1000, 53, kOut, both}, {1000, 53, kOut, both}, {53, 1000, kIn, both}});
    const auto rows = wireshark.table(path, "pidcap,flows");
    REQUIRE(rows.size() == 2);
    // Process, PID, Protocol, Local, Remote, Peer, Packets, Bytes, Received, Sent, First, Last
    CHECK(Row(rows[0].begin(), rows[0].begin() + 10) ==
          Row{"a", "5", "udp", "10.0.0.1:1000", "10.0.0.2:53", "b (6)", "3", "174", "58", "116"});
}

TEST_CASE("a flow's process is the one that moved the most bytes at that end, and all are listed") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    const std::string listener = "pid=5 comm=master st=1 via=socket";
    const std::string child = "pid=6 comm=child st=2 via=socket";
    write_datagrams(path, {{53, 1000, kOut, listener},
                           {53, 1000, kOut, child},
                           {1000, 53, kIn, child},
                           {53, 1000, kOut, child}});
    const auto rows = wireshark.table(path, "pidcap,flows");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at(0) == "child");
    CHECK(rows[0].at(1) == "6");
    CHECK(rows[0].back() == "child (6) 75.0 %, master (5) 25.0 %");
}

TEST_CASE("a packet counts as sent or received by the end at which the file says its process is") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    struct Case {
        std::string comment;
        pcapng::Direction direction;
        const char* received;
        const char* sent;
    };
    const std::vector<Case> cases = {
        {process("socket"), kOut, "0", "58"},
        {process("lookup"), kIn, "58", "0"},
        {process("icmp-echo") + " at=receiver", kOut, "58", "0"},  // on lo
        {process("socket") + " at=sender", kIn, "0", "58"},        // from a container, at its veth
        {process("flow") + " at=receiver", kOut, "58", "0"},       // to a container
        {process("socket"), kIn, "58", "0"},                       // at the receiver's socket
        {process("annotated") + " at=unknown", kOut, "0", "0"},
        {process("socket"), pcapng::Direction::kUnknown, "0", "0"},
    };
    for (const Case& c : cases) {
        INFO(c.comment);
        write_datagrams(path, {{1000, 53, c.direction, c.comment}});
        const auto rows = wireshark.table(path, "pidcap,processes");
        REQUIRE(rows.size() == 1);
        // Process, PID, (no user,) Packets, Bytes, Received, Sent
        CHECK(rows[0].at(3) == "58");
        CHECK(rows[0].at(4) == c.received);
        CHECK(rows[0].at(5) == c.sent);
    }
}

TEST_CASE("a flow whose process may be at either end says so, once for both directions") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    const std::string either = process("annotated") + " at=unknown";
    write_datagrams(path, {{1000, 53, kOut, either}, {53, 1000, kIn, either}});
    const auto rows = wireshark.table(path, "pidcap,flows");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at(0) == "a (either end)");
    CHECK(rows[0].at(5) == "2");
    CHECK(rows[0].at(6) == "116");
}

TEST_CASE("the profile shows process and PID, a colour for each, and loads without a warning") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(
        path, {"pid=812 comm=curl st=1 uid=0 user=root via=socket",
               "pid=9 comm=dig st=2 via=socket", "via=kernel", "via=unknown", "",
               "pid=812 comm=curl st=1 uid=0 via=socket peer.pid=9 peer.comm=dig peer.via=lookup"});
    const auto columns = lines(wireshark.tshark({"-C", "Processes", "-r", path}));
    REQUIRE(columns.size() == 6);
    CHECK(contains(columns[0], " curl 812 root sender "));
    CHECK(contains(columns[1], " dig 9  sender "));
    CHECK(contains(columns[5], " dig 40000 "));  // the peer, before Info

    const auto colors =
        wireshark.fields(path, {"frame.coloring_rule.name"}, {"-C", "Processes", "--color"});
    CHECK(colors == std::vector<Row>{{"Process 1"},
                                     {"Process 2"},
                                     {"No process"},
                                     {"Process not found"},
                                     {""},
                                     {"Process 1"}});
}

TEST_CASE("the filters of the profile's buttons match what they say") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(path,
                   {"pid=812 comm=curl exe=/c st=1 via=socket",
                    "pid=812 comm=curl exe=/c st=2 via=socket", "via=kernel", "via=unknown", "",
                    "pid=9 comm=dig st=2 via=socket peer.pid=812 peer.comm=curl peer.exe=/c "
                    "peer.st=1 peer.via=lookup"});
    std::map<std::string, size_t> counts;
    for (std::string line : lines(content_of(DISSECTORS "/profile/Processes/dfilter_buttons"))) {
        if (line[0] == '#') {
            continue;
        }
        // "TRUE","label","filter","comment"; \x22 is a quotation mark.
        const size_t label = line.find("\",\"") + 3;
        const size_t filter = line.find("\",\"", label) + 3;
        std::string expression = line.substr(filter, line.find("\",\"", filter) - filter);
        for (size_t at = expression.find("\\x22"); at != std::string::npos;
             at = expression.find("\\x22")) {
            expression.replace(at, 4, "\"");
        }
        counts[line.substr(label, filter - 3 - label)] =
            wireshark.count(path, expression, {"-2", "--selected-frame", "1"});
    }
    CHECK(counts == std::map<std::string, size_t>{{"This process", 2},
                                                  {"This program", 3},
                                                  {"Hide kernel", 5},
                                                  {"Unattributed", 2},
                                                  {"Packets only", 6},
                                                  {"Failed connections", 0},
                                                  {"Drops", 0}});
}

TEST_CASE("the dissector works by -X lua_script, too") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(path, {"pid=812 comm=curl via=socket"});
    std::filesystem::rename(wireshark.file("home/.local/lib/wireshark/plugins"),
                            wireshark.file("elsewhere"));
    CHECK(wireshark.fields(path, {"process.pid"},
                           {"-X", "lua_script:" + wireshark.file("elsewhere") + "/pidcap.lua"}) ==
          std::vector<Row>{{"812"}});
}
