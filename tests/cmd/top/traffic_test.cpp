// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/traffic.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cmd/top/top_json.h"
#include "cmd/top/top_row.h"
#include "tests/cmd/top/made_traffic.h"

namespace test {
namespace {

using cmd::TopSort;
using cmd::TopView;

std::vector<std::string> names_of(const MadeTraffic& made, TopView view,
                                  TopSort sort = TopSort::kRate) {
    std::vector<std::string> names;
    for (const cmd::TopRow& row : cmd::top_rows(made.traffic, view, sort)) {
        names.push_back(std::string(row.depth, ' ') + row.name);
    }
    return names;
}

using Names = std::vector<std::string>;

TEST_CASE("rows are sorted by what was asked for, the most first") {
    MadeTraffic made;
    made.process(1, "most-in");
    made.process(2, "most-out");
    made.process(3, "idle");
    made.add(3, 100'000, 0);
    made.end_interval();
    made.add(1, 10, 900);
    made.add(2, 500, 20);
    made.add(0, 5, 0);
    made.end_interval();
    CHECK(names_of(made, TopView::kProcesses) == Names{"most-in", "most-out", "(kernel)", "idle"});
    CHECK(names_of(made, TopView::kProcesses, TopSort::kOut).front() == "most-out");
    CHECK(names_of(made, TopView::kProcesses, TopSort::kTotal).front() == "idle");
    CHECK(names_of(made, TopView::kProcesses, TopSort::kMemory).front() == "idle");
    CHECK(names_of(made, TopView::kProcesses, TopSort::kPid) ==
          Names{"(kernel)", "most-in", "most-out", "idle"});
    CHECK(names_of(made, TopView::kProcesses, TopSort::kName) ==
          Names{"(kernel)", "idle", "most-in", "most-out"});
}

TEST_CASE(
    "in the tree a process has its descendants' sums, and ancestors without traffic are there") {
    MadeTraffic made;
    made.process(1, "init");
    made.process(2, "server", 1);
    made.process(3, "worker", 2);
    made.process(4, "other", 1);
    made.add(3, 300, 0);
    made.add(2, 50, 0);
    made.add(4, 1000, 0);
    made.end_interval();
    CHECK(names_of(made, TopView::kTree) == Names{"init", " other", " server", "  worker"});
    const auto rows = cmd::top_rows(made.traffic, TopView::kTree, TopSort::kRate);
    CHECK(rows[0].now.out.bytes == 1350);
    CHECK(rows[2].now.out.bytes == 350);
    CHECK(rows[3].now.out.bytes == 300);
    // They aren't rows of the other view.
    CHECK(names_of(made, TopView::kProcesses) == Names{"other", "worker", "server"});
}

TEST_CASE("conversations and remote addresses have the same bytes as the processes") {
    MadeTraffic made;
    made.process(1, "one");
    made.process(2, "two");
    made.add(1, 100, 10, 7);
    made.add(1, 200, 20, 8);
    made.add(2, 400, 40, 7);
    made.end_interval();
    const auto sum_of = [&](TopView view) {
        uint64_t bytes = 0;
        for (const cmd::TopRow& row : cmd::top_rows(made.traffic, view, TopSort::kRate)) {
            bytes += row.now.both().bytes;
        }
        return bytes;
    };
    CHECK(sum_of(TopView::kProcesses) == 770);
    CHECK(sum_of(TopView::kConversations) == 770);
    CHECK(sum_of(TopView::kRemotes) == 770);
    const auto remotes = cmd::top_rows(made.traffic, TopView::kRemotes, TopSort::kRate);
    REQUIRE(remotes.size() == 2);
    CHECK(remotes[0].remote == "10.0.0.7");
    CHECK(remotes[0].processes == 2);
    CHECK(remotes[0].name == "one and 1 more");
    const auto conversations = cmd::top_rows(made.traffic, TopView::kConversations, TopSort::kRate);
    CHECK(conversations[0].remote == "10.0.0.7:443");
    CHECK(conversations[0].local == "127.0.0.1:1002");
}

TEST_CASE("retransmissions before the first packet that was counted aren't counted") {
    MadeTraffic made;
    made.process(1, "one");
    const auto send = [&](uint32_t first, uint32_t latest) {
        made.add(1, 100, 0).tcp = capture::TcpState{500, first, latest};
        made.end_interval();
        return made.traffic.owners().begin()->second.total.retransmissions;
    };
    CHECK(send(40, 42) == 2);
    CHECK(send(43, 45) == 5);
    CHECK(send(1, 1) == 6);  // another connection with the same ports
    CHECK(made.traffic.owners().begin()->second.round_trip_us == 500);
}

TEST_CASE(
    "a process that has ended stays until it had no packets for a while, its parent as long") {
    MadeTraffic made;
    made.process(1, "parent");
    made.process(2, "child", 1);
    made.add(2, 100, 0);
    made.end_interval();
    made.end(2);
    made.end_interval();
    CHECK(names_of(made, TopView::kTree) == Names{"parent", " child"});
    const auto rows = cmd::top_rows(made.traffic, TopView::kProcesses, TopSort::kRate);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].usage->ended);
    CHECK(rows[0].now.out.bytes == 0);
    CHECK(rows[0].total.out.bytes == 100);
    for (uint64_t i = 0; i < cmd::Traffic::kForget; i++) {
        made.end_interval();
    }
    CHECK(names_of(made, TopView::kTree).empty());
    CHECK(made.traffic.conversations().empty());
}

TEST_CASE("a process that lives stays, its conversations don't") {
    MadeTraffic made;
    made.process(1, "one");
    made.add(1, 100, 0);
    for (uint64_t i = 0; i <= cmd::Traffic::kForget; i++) {
        made.end_interval();
    }
    CHECK(names_of(made, TopView::kProcesses) == Names{"one"});
    CHECK(made.traffic.conversations().empty());
}

TEST_CASE("of too many conversations the idle ones go first") {
    MadeTraffic made;
    made.process(1, "one");
    const auto add = [&](size_t from, size_t count) {
        for (size_t i = from; i < from + count; i++) {
            capture::Conversation& conversation = made.add(1, 1, 0).conversation;
            conversation.remote.bytes = {10, static_cast<uint8_t>(i >> 16),
                                         static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i)};
        }
        made.end_interval();
    };
    add(0, 100);
    add(100, cmd::Traffic::kConversations);
    CHECK(made.traffic.conversations().size() == cmd::Traffic::kConversations);
    CHECK(made.traffic.conversations().begin()->second.now.out.bytes == 1);
    CHECK(made.traffic.owners().begin()->second.total.out.bytes ==
          100 + cmd::Traffic::kConversations);
}

TEST_CASE("JSON has an interval's sums, by process and conversation, and nothing that is idle") {
    MadeTraffic made;
    made.process(1, "idle");
    packet::Process& hostile = const_cast<packet::Process&>(made.process(2, "a\x1b[31mb\xff"));
    hostile.user = "\xe2\x80\xae";
    made.add(1, 5, 0);
    made.end_interval();
    made.add(2, 100, 50).tcp = capture::TcpState{1234, 0, 3};
    made.add(0, 7, 0);
    made.end_interval(2);
    const std::string line = cmd::top_json(made.traffic, 1'700'000'000'000'000'000);
    // No byte of it controls a terminal.
    CHECK(std::ranges::all_of(line, [](char byte) { return byte >= ' ' && byte < 0x7f; }));
    const auto object = nlohmann::json::parse(line);
    CHECK(object["time"] == "2023-11-14T22:13:20.000000000Z");
    CHECK(object["seconds"] == 2.0);
    CHECK(object["seen"]["out"]["bytes"] == 107);
    REQUIRE(object["processes"].size() == 2);
    const auto& nobody = object["processes"][0];
    CHECK(nobody["pid"].is_null());
    CHECK(nobody["via"] == "kernel");
    CHECK(nobody["out"]["bytes"] == 7);
    const auto& process = object["processes"][1];
    CHECK(process["pid"] == 2);
    CHECK(process["comm"] == "a\x1b[31mb\xef\xbf\xbd");
    CHECK(process["in"]["bytes"] == 50);
    CHECK(process["retransmissions"] == 3);
    CHECK(process["rtt_us"] == 1234);
    REQUIRE(process["conversations"].size() == 1);
    CHECK(process["conversations"][0]["remote"] == "10.0.0.1");
    CHECK(process["conversations"][0]["remote_port"] == 443);
    CHECK(process["conversations"][0]["out"]["bytes"] == 100);
}

TEST_CASE("a conversation names the process at the other end as of its latest packets") {
    MadeTraffic made;
    made.process(1, "client");
    const packet::Process& server = made.process(2, "server");
    const packet::Process& next = made.process(3, "a\x1b[31mb");
    const auto peer_in_row = [&] {
        const auto rows = cmd::top_rows(made.traffic, TopView::kConversations, TopSort::kRate);
        REQUIRE(rows.size() == 1);
        const auto cells = cmd::top_cells(rows[0], TopView::kConversations, 1);
        const auto headings = cmd::top_headings(TopView::kConversations);
        const auto is_peer = [](const cmd::Heading& each) { return each.text == "PEER"; };
        const auto at = std::ranges::find_if(headings, is_peer) - headings.begin();
        return cells.at(static_cast<size_t>(at)).text;
    };
    const auto peer_in_json = [&] {
        const auto object = nlohmann::json::parse(cmd::top_json(made.traffic, 1));
        return object["processes"][0]["conversations"][0]["peer"];
    };
    made.add(1, 100, 0).peer = &server;
    made.end_interval();
    CHECK(peer_in_row() == "server[2]");
    CHECK(peer_in_json() == nlohmann::json{{"pid", 2},
                                           {"start", "1970-01-01T00:00:02.000000000Z"},
                                           {"comm", "server"}});
    made.end_interval();
    CHECK(peer_in_row() == "server[2]");  // nothing new was seen of it
    made.add(1, 100, 0).peer = &next;
    made.end_interval();
    CHECK(peer_in_row() == "a\\x1b[31mb[3]");
    made.add(1, 100, 0);
    made.end_interval();
    CHECK(peer_in_row().empty());
    CHECK(peer_in_json().is_null());
}

TEST_CASE("sizes have three digits at most") {
    CHECK(cmd::short_size(0) == "0");
    CHECK(cmd::short_size(999.4) == "999");
    CHECK(cmd::short_size(999.6) == "1.0K");
    CHECK(cmd::short_size(1536) == "1.5K");
    CHECK(cmd::short_size(999.0 * 1024) == "999K");
    CHECK(cmd::short_size(1023.0 * 1024) == "1.0M");
    CHECK(cmd::short_size(12.0 * 1024 * 1024 * 1024) == "12G");
}

}  // namespace
}  // namespace test
