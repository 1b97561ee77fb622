// SPDX-License-Identifier: GPL-2.0-only
//
// What the commands on files make of events among packets.
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/cmd/offline/rows.h"
#include "tests/support/command.h"
#include "tests/support/event_capture.h"
#include "tests/support/temporary_folder.h"

using test::contains;
using test::EventCapture;
using test::Json;
using test::lines;

namespace {

using Strings = std::vector<std::string>;

const EventCapture::Who kCurl{.pid = 812, .comm = "curl"};
const EventCapture::Who kWget{.pid = 900, .comm = "wget"};
const packet::EventAddress kServer{.address = {.bytes = {192, 0, 2, 1}, .length = 4}, .port = 80};
const packet::EventAddress kServer6{
    .address = {.bytes = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, .length = 16},
    .port = 443};

// Two packets and an event of curl's, two events of wget's, which sends nothing, one of nobody's,
// and a frame of another experiment with the same EtherType.
class Sample {
  public:
    Sample() {
        EventCapture capture(path);
        capture.packet(kCurl);
        capture.connect(kCurl, 111, kServer);
        capture.connect(kWget, 110, kServer6);
        capture.packet(kCurl);
        capture.exit(kWget, -4);
        test::Bytes others;
        packet::append_frame(others, test::Bytes(40));
        capture.plain(others);
        capture.event(capture.add_interface("skb:kfree_skb", "pidcap layout 1; location ptr 0 8"),
                      packet::Via::kUnknown, test::Bytes{1, 0, 0, 0, 0, 0, 0, 0x80});
        capture.close();
    }

    test::TemporaryFolder folder;
    std::string path = folder.file("events.pcapng");
};

std::string out_of(const Strings& arguments) {
    return test::output_of(test::pidcap(arguments));
}

test::CommandResult run(const Strings& arguments) {
    return test::run(test::pidcap(arguments));
}

}  // namespace

TEST_CASE("an event's line has its name, its process and its fields") {
    const Sample sample;
    const Strings said = lines(out_of({"read", "-t", sample.path}));
    REQUIRE(said.size() == 7);
    CHECK(said[1] == "socket:connect curl[812] errno=ECONNREFUSED remote=192.0.2.1:80");
    CHECK(said[2] == "socket:connect wget[900] errno=ETIMEDOUT remote=\"[2001:db8::1]:443\"");
    CHECK(said[4] == "process:exit wget[900] code=-4 cmdline=--secret");
    CHECK(contains(said[5], "eth0 "));
    CHECK_FALSE(contains(said[5], "="));
    CHECK(said[6] == "skb:kfree_skb (unknown) location=0x8000000000000001");
    CHECK(lines(out_of({"read", "-t", "-v", sample.path}))[1] ==
          "socket:connect curl[812] errno=ECONNREFUSED remote=192.0.2.1:80 exe=/usr/bin/curl "
          "user=alice via=event");
}

TEST_CASE("what a process chose can't control the terminal by an event's fields") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("f");
    EventCapture capture(path);
    capture.exit(kCurl, 0, "a\x1b[31m b\n=\"c\" \xff");
    capture.exit(kCurl, 0, std::string(5000, 'x'));
    capture.close();
    const Strings said = lines(out_of({"read", "-t", path}));
    REQUIRE(said.size() == 2);
    CHECK(said[0] ==
          "process:exit curl[812] code=0 cmdline=\"a\\x1b[31m b\\x0a=\\x22c\\x22 \\xff\"");
    CHECK(said[1] == "process:exit curl[812] code=0 cmdline=" + std::string(256, 'x') + "…");
    const Json row = test::rows_of({"events", "--json", path})[1];
    CHECK(row["fields"]["cmdline"] == std::string(5000, 'x'));
}

TEST_CASE("events among packets are JSON objects of their own") {
    const Sample sample;
    const std::vector<Json> rows = test::rows_of({"read", "--json", sample.path});
    REQUIRE(rows.size() == 7);
    CHECK_FALSE(rows[0].contains("event"));
    CHECK_FALSE(rows[5].contains("event"));
    CHECK(rows[1]["event"] == "socket:connect");
    CHECK(rows[1]["number"] == 2);
    CHECK(rows[1]["time"] == "2025-11-20T14:46:40.001000000Z");
    CHECK(rows[1]["pid"] == 812);
    CHECK(rows[1]["comm"] == "curl");
    CHECK(rows[1]["user_name"] == "alice");
    CHECK(rows[1]["via"] == "event");
    CHECK(rows[1]["fields"] == Json({{"errno", 111},
                                     {"errno.name", "ECONNREFUSED"},
                                     {"remote", "192.0.2.1:80"},
                                     {"remote.ip4", "192.0.2.1"},
                                     {"remote.port", 80}}));
    CHECK(rows[2]["fields"] == Json({{"errno", 110},
                                     {"errno.name", "ETIMEDOUT"},
                                     {"remote", "[2001:db8::1]:443"},
                                     {"remote.ip6", "2001:db8::1"},
                                     {"remote.port", 443}}));
    CHECK(rows[4]["fields"] == Json({{"code", -4}, {"cmdline", "--secret"}}));
    CHECK(rows[6]["pid"].is_null());
    CHECK(rows[6]["via"] == "unknown");
    CHECK(rows[6]["fields"] == Json({{"location", "0x8000000000000001"}}));
    // The same rows, without the packets.
    const std::vector<Json> events = test::rows_of({"events", "--json", sample.path});
    CHECK(events == std::vector<Json>{rows[1], rows[2], rows[4], rows[6]});
}

TEST_CASE("pidcap events shows events, and only those that are asked for") {
    const Sample sample;
    const Strings said = lines(out_of({"events", sample.path}));
    REQUIRE(said.size() == 5);
    CHECK(said[0] == "TIME                            EVENT           PROCESS       FIELDS");
    CHECK(said[1] ==
          "2025-11-20T14:46:40.001000000Z  socket:connect  curl[812]     errno=ECONNREFUSED "
          "remote=192.0.2.1:80");
    CHECK(said[4] ==
          "2025-11-20T14:46:40.006000000Z  skb:kfree_skb   (unknown)     "
          "location=0x8000000000000001");
    const auto count = [&](Strings options) {
        options.insert(options.begin(), {"events", "--json", sample.path});
        return test::rows_of(options).size();
    };
    CHECK(count({"--comm", "wget"}) == 2);
    CHECK(count({"--interface", "socket:*"}) == 2);
    CHECK(count({"--pid", "812"}) == 1);
    CHECK(count({"-c", "3"}) == 2);  // of the file's packets and events
    CHECK(count({"tcp"}) == 0);      // an event isn't one of TCP's packets
    const std::string csv = sample.folder.file("events.csv");
    test::write_file(csv, [&] {
        const std::string text = out_of({"events", "--csv", sample.path});
        return test::Bytes(text.begin(), text.end());
    }());
    const Json table = test::csv_rows(csv);
    REQUIRE(table.size() == 5);
    CHECK(table[0][0] == "event");
    CHECK(table[0].back() == "fields");
    CHECK(Json::parse(std::string(table[3].back())) ==
          Json({{"code", -4}, {"cmdline", "--secret"}}));
}

TEST_CASE("events are no traffic") {
    const Sample sample;
    const test::TemporaryFolder folder;
    CHECK(out_of({"read", "--count", sample.path}) == "3 packets, 4 events\n");
    const std::vector<Json> processes = test::rows_of({"processes", "--json", sample.path});
    REQUIRE(processes.size() == 2);
    CHECK(processes[0]["pid"] == 812);
    CHECK(processes[0]["sent_packets"] == 2);
    CHECK(processes[0]["sent_bytes"] == 116);
    CHECK(processes[1]["pid"] == 900);
    CHECK(processes[1]["sent_packets"] == 0);
    CHECK(processes[1]["first_time"].is_null());
    CHECK(contains(out_of({"processes", sample.path}), "without a process: 1 of 3 packets, 54 B"));
    CHECK(test::rows_of({"flows", "--json", sample.path}).size() == 1);
    for (const std::string table : {"packets", "flows", "processes"}) {
        const std::vector<Json> rows =
            test::rows_of({"export", "--format", "jsonl", "--table", table, sample.path});
        CHECK(rows.size() == (table == "packets" ? 3 : table == "flows" ? 1 : 2));
    }
    const std::string page = folder.file("page.html");
    (void)out_of({"report", sample.path, "-o", page});
    const test::Bytes html = test::read_file(page);
    CHECK(contains(std::string(html.begin(), html.end()), "\"total\":[3,170]"));
    const std::string text(html.begin(), html.end());
    CHECK(contains(text, R"("failureCount":2)"));
    CHECK(contains(text, R"("texts":["connect","192.0.2.1:80","ECONNREFUSED"])"));
    // A process without traffic isn't among the page's processes.
    CHECK(contains(text, R"("processCount":1)"));
    CHECK(contains(text, R"("name":"wget 900")"));
    // By process, the packets' bytes and the events stand apart.
    const std::string tree = out_of({"read", "--tree", "-t", sample.path});
    CHECK(
        contains(tree, "curl[812] exe=/usr/bin/curl user=alice: 2 packets, 116 bytes, 1 event\n"));
    CHECK(contains(tree, "wget[900] exe=/usr/bin/wget user=alice: 2 events\n"));
    CHECK(contains(tree, "(unknown): 1 event\n"));
}

TEST_CASE("the table of processes says how each ended and what failed") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("f");
    EventCapture capture(path);
    const auto exited = [&](const EventCapture::Who& who, uint32_t code, uint32_t signal) {
        const std::string layout = "pidcap layout 1; exit_code u 0 4; signal u 4 4 [9=SIGKILL]";
        const test::Bytes record = {static_cast<uint8_t>(code),   0, 0, 0,
                                    static_cast<uint8_t>(signal), 0, 0, 0};
        capture.event(capture.add_interface("process:exit", layout), who, record);
    };
    const uint32_t stages = capture.add_interface(
        "socket:connect", "pidcap layout 1; errno u 0 4; stage u 4 1 [1=call,3=given-up]");
    const uint32_t drop = capture.add_interface("drop:packet", "pidcap layout 1");
    capture.packet(kCurl);
    capture.connect(kCurl, 111, kServer);
    capture.connect(kCurl, 0, kServer);
    capture.event(stages, kCurl, test::Bytes{0, 0, 0, 0, 3});
    capture.event(stages, kCurl, test::Bytes{0, 0, 0, 0, 1});
    capture.event(stages, kCurl, test::Bytes{});  // cut off: not known to have failed
    capture.event(drop, kCurl, test::Bytes{});
    exited(kCurl, 7, 0);
    exited(kWget, 0, 9);
    exited({.pid = 901, .comm = "true"}, 0, 0);
    exited({.pid = 902, .comm = "odd"}, 0, 63);
    capture.close();
    std::map<int, Json> outcomes;
    for (const Json& row : test::rows_of({"processes", "--json", path})) {
        outcomes[row["pid"].get<int>()] = {row["exit_code"], row["exit_signal"],
                                           row["failed_connections"], row["dropped_packets"]};
    }
    CHECK(outcomes == std::map<int, Json>{{812, Json({7, nullptr, 2, 1})},
                                          {900, Json({nullptr, "SIGKILL", nullptr, nullptr})},
                                          {901, Json({0, nullptr, nullptr, nullptr})},
                                          {902, Json({nullptr, "63", nullptr, nullptr})}});
    const Strings table = lines(out_of({"processes", path}));
    CHECK(contains(table[0], "FAILED"));
    CHECK(contains(table[0], "EXIT"));
    // Columns that nothing fills are left out.
    const Sample sample;
    CHECK_FALSE(contains(out_of({"processes", sample.path}), "EXIT"));
}

TEST_CASE("a file that is made of one with events has their layouts") {
    const Sample sample;
    const test::TemporaryFolder folder;
    const Strings whole = lines(out_of({"events", "--json", sample.path}));
    const auto fields = [](const std::string& path) {
        std::vector<Json> fields;
        for (const Json& row : test::rows_of({"events", "--json", path})) {
            fields.push_back(row["fields"]);
        }
        return fields;
    };
    const std::vector<Json> all = fields(sample.path);
    const std::string out = folder.file("out.pcapng");

    SECTION("extract") {
        const test::CommandResult said = run({"extract", "--comm", "wget", sample.path, "-w", out});
        CHECK(said.status == 0);
        CHECK(contains(said.err, "0 of 3 packets, 2 of 4 events into"));
        CHECK(fields(out) == std::vector<Json>{all[1], all[2]});
        CHECK(lines(out_of({"read", "-t", "--count", out})) == Strings{"0 packets, 2 events"});
    }
    SECTION("read -w") {
        (void)out_of({"read", sample.path, "-w", out});
        CHECK(lines(out_of({"events", "--json", out})) == whole);
    }
    SECTION("--comments short has neither command lines nor the events that tell them") {
        (void)out_of({"extract", "--comments", "short", sample.path, "-w", out});
        CHECK(fields(out) == std::vector<Json>{all[0], all[1], all[3]});
        const test::Bytes bytes = test::read_file(out);
        CHECK_FALSE(contains(std::string(bytes.begin(), bytes.end()), "--secret"));
    }
    SECTION("--split") {
        const std::string files = folder.file("files");
        (void)out_of({"extract", "--split", "process", sample.path, "-w", files});
        CHECK(fields(files + "/900-wget.pcapng") == std::vector<Json>{all[1], all[2]});
        CHECK(fields(files + "/812-curl.pcapng") == std::vector<Json>{all[0]});
        CHECK(fields(files + "/unattributed.pcapng") == std::vector<Json>{all[3]});
    }
    SECTION("merge") {
        const test::CommandResult said =
            run({"merge", "--host", "a", "--host", "b", sample.path, sample.path, "-w", out});
        INFO(said.err);
        CHECK(said.status == 0);
        CHECK(contains(said.err, "6 packets, 8 events into"));
        CHECK(fields(out).size() == 8);
        std::map<std::string, int> names;
        for (const Json& row : test::rows_of({"events", "--json", out})) {
            names[row["event"].get<std::string>()]++;
            CHECK((row["pid"].is_null() || row["host"] == "a" || row["host"] == "b"));
        }
        CHECK(names == std::map<std::string, int>{
                           {"socket:connect", 4}, {"process:exit", 2}, {"skb:kfree_skb", 2}});
    }
    SECTION("annotate") {
        const std::string table = folder.file("table.jsonl");
        const std::string text = out_of({"flows", "--json", sample.path});
        test::write_file(table, test::Bytes(text.begin(), text.end()));
        (void)out_of({"annotate", sample.path, "--from", table, "-w", out});
        CHECK(lines(out_of({"events", "--json", out})) == whole);
    }
}
