// SPDX-License-Identifier: GPL-2.0-only
#include <map>
#include <set>

#include "tests/cmd/offline/rows.h"
#include "tests/forensics/told_file.h"
#include "tests/pcapng/files.h"
#include "tests/support/temporary_folder.h"

namespace {

using test::Json;
using test::pidcap;
using test::told_file;

struct Sum {
    uint64_t packets = 0, bytes = 0;
    double first = 0, last = 0;
};

// Of the packets that one address and port has sent to another.
using Direction = std::pair<std::string, std::string>;

std::string end_of(const std::string& address, const std::string& port) {
    return address + " " + port;
}

TEST_CASE("pidcap flows has tshark's sums of each direction, durations and retransmissions") {
    std::map<Direction, Sum> sums;
    std::map<Direction, uint64_t> resent;
    std::set<std::string> streams;
    const std::string said = test::output_of({"tshark", "-n",
                                              "-r",     told_file(),
                                              "-T",     "fields",
                                              "-e",     "ip.src",
                                              "-e",     "ip.dst",
                                              "-e",     "tcp.srcport",
                                              "-e",     "udp.srcport",
                                              "-e",     "tcp.dstport",
                                              "-e",     "udp.dstport",
                                              "-e",     "frame.len",
                                              "-e",     "frame.time_relative",
                                              "-e",     "tcp.analysis.retransmission",
                                              "-e",     "tcp.stream",
                                              "-e",     "udp.stream"});
    for (const std::string& line : test::split(said, '\n')) {
        std::vector<std::string> f = test::split(line, '\t');
        f.resize(11);
        const Direction direction{end_of(f[0], f[2] + f[3]), end_of(f[1], f[4] + f[5])};
        Sum& sum = sums[direction];
        const double time = std::stod(f[7]);
        sum.first = sum.packets == 0 ? time : sum.first;
        sum.last = time;
        ++sum.packets;
        sum.bytes += std::stoull(f[6]);
        resent[direction] += f[8].empty() ? 0 : 1;
        streams.insert(f[9] + "/" + f[10]);
    }

    const std::vector<Json> rows = test::rows_of({"flows", "--json", told_file()});
    CHECK(rows.size() == streams.size());
    CHECK(rows.size() > 200);
    uint64_t packets = 0, all_resent = 0;
    for (const Json& row : rows) {
        const auto text = [&](const char* address, const char* port) {
            return end_of(row[address].get<std::string>(), row[port].dump());
        };
        const std::string a = text("a_address", "a_port"), b = text("b_address", "b_port");
        INFO(a << " and " << b);
        Sum& there = sums[{a, b}];
        Sum& back = sums[{b, a}];
        CHECK(row["a_packets"] == there.packets);
        CHECK(row["a_bytes"] == there.bytes);
        CHECK(row["b_packets"] == back.packets);
        CHECK(row["b_bytes"] == back.bytes);
        packets += there.packets + back.packets;
        const double first = back.packets == 0 ? there.first : std::min(there.first, back.first);
        CHECK(row["duration_s"].get<double>() ==
              Approx(std::max(there.last, back.last) - first).margin(1e-6));
        if (row["protocol"] == "tcp") {
            CHECK(row["a_retransmissions"] == resent[{a, b}]);
            CHECK(row["b_retransmissions"] == resent[{b, a}]);
            all_resent += row["a_retransmissions"].get<uint64_t>();
        } else {
            CHECK(row["a_retransmissions"].is_null());
        }
    }
    CHECK(packets == 12000);
    CHECK(all_resent > 0);
}

// A record of a name resolution block.
void add_name(test::Bytes& body, uint8_t code, const test::Bytes& address,
              const std::string& names) {
    const auto length = static_cast<uint8_t>(address.size() + names.size());
    body.insert(body.end(), {code, 0, length, 0});
    body.insert(body.end(), address.begin(), address.end());
    body.insert(body.end(), names.begin(), names.end());
    body.resize((body.size() + 3) / 4 * 4);
}

TEST_CASE("flows, report and export name addresses as a name resolution block does") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("named.pcapng");
    {
        pcapng::Writer writer = test::open_writer(path);
        (void)test::need(writer.add_interface({.name = "eth0"}));
        const test::Bytes frame = test::udp_frame();
        test::need(writer.packet({.time_ns = 1, .data = frame, .wire_length = 58}));
        test::need(writer.close());
    }
    test::Bytes body;
    add_name(body, 1, {10, 0, 0, 2}, std::string("named.example\0other.example\0", 28));
    add_name(body, 1, {10, 0, 0, 2}, std::string("later.example\0", 14));
    add_name(body, 2, test::Bytes(16, 1), std::string("six.example\0", 12));
    add_name(body, 1, {10, 0}, "");
    add_name(body, 9, {10, 0, 0, 2}, "unknown");
    body.resize(body.size() + 4);
    const auto length = static_cast<uint8_t>(body.size() + 12);
    test::Bytes file = test::read_file(path);
    file.insert(file.end(), {4, 0, 0, 0, length, 0, 0, 0});
    file.insert(file.end(), body.begin(), body.end());
    file.insert(file.end(), {length, 0, 0, 0});
    test::write_file(path, file);

    // The last one of an address counts, as with tshark: tests/capture/file_sink_test.cpp.
    const std::vector<Json> rows = test::rows_of({"flows", "--json", path});
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["dns_name"] == "later.example");
    const auto exported = test::rows_of({"export", "--format=jsonl", "--table=flows", path});
    REQUIRE(exported.size() == 1);
    CHECK(exported[0]["dns_name"] == "later.example");
    const std::string page = folder.file("page.html");
    (void)test::output_of(pidcap({"report", "-o", page, path}));
    const test::Bytes written = test::read_file(page);
    CHECK(std::string(written.begin(), written.end()).find("later.example") != std::string::npos);
}

TEST_CASE("OpenBSD's loopback has the conversations that tshark sees") {
    const std::string file = TEST_DATA "/loop-108.pcap";
    const std::vector<Json> rows = test::rows_of({"flows", "--json", file});
    REQUIRE(rows.size() == 1);
    const auto end = [&](const std::string& side) {
        return rows[0][side + "_address"].get<std::string>() + ":" + rows[0][side + "_port"].dump();
    };
    std::vector<std::string> seen;
    for (const std::string& line :
         test::split(test::output_of({"tshark", "-nqr", file, "-z", "conv,tcp"}), '\n')) {
        if (test::contains(line, "<->")) {
            seen.push_back(line);
        }
    }
    REQUIRE(seen.size() == 1);
    CHECK(test::contains(seen[0], end("a")));
    CHECK(test::contains(seen[0], end("b")));
    CHECK(rows[0]["a_packets"] == 1);
    const std::string line = test::output_of(pidcap({"read", file}));
    CHECK(test::contains(line, "TCP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S]"));
}

TEST_CASE("each link layer has the conversation that tshark sees, in a table and in a line") {
    for (const char* name : {"llc-snap-ip", "mpls", "nflog", "pktap", "ppp", "pppoe",
                             "radiotap-data", "raw-linktype-12"}) {
        CAPTURE(name);
        const std::string file = std::string(TEST_DATA "/") + name + ".pcap";
        CHECK(test::output_of({"tshark", "-nr", file, "-T", "fields", "-e", "ip.src", "-e",
                               "tcp.srcport", "-e", "ip.dst", "-e", "tcp.dstport"}) ==
              "10.0.0.1\t40000\t10.0.0.2\t80\n10.0.0.2\t80\t10.0.0.1\t40000\n");
        const std::vector<Json> rows = test::rows_of({"flows", "--json", file});
        REQUIRE(rows.size() == 1);
        CHECK(rows[0]["a_address"] == "10.0.0.1");
        CHECK(rows[0]["a_port"] == 40000);
        CHECK(rows[0]["b_address"] == "10.0.0.2");
        CHECK(rows[0]["b_port"] == 80);
        CHECK(rows[0]["a_packets"] == 1);
        CHECK(rows[0]["b_packets"] == 1);
        const std::string lines = test::output_of(pidcap({"read", file}));
        CHECK(test::contains(lines, "TCP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S]"));
        CHECK(test::contains(lines, "TCP 10.0.0.2.80 > 10.0.0.1.40000: Flags [S.]"));
    }
}

TEST_CASE("both processes of a conversation are those of its packets' comments") {
    std::map<std::string, std::set<uint64_t>> told;  // by address of the sender and receiver
    for (const test::TsharkPacket& packet : test::tshark_packets(told_file())) {
        for (const auto pid : {packet.sender(), packet.receiver()}) {
            if (pid) {
                told[packet.stream].insert(*pid);
            }
        }
    }
    size_t with_process = 0, with_both = 0;
    for (const Json& row : test::rows_of({"flows", "--json", told_file()})) {
        const size_t known = (row["a_pid"].is_null() ? 0 : 1) + (row["b_pid"].is_null() ? 0 : 1);
        with_process += known > 0 ? 1 : 0;
        with_both += known == 2 ? 1 : 0;
        CHECK(row["either_pid"].is_null());
        CHECK(row["a_several"] == false);
    }
    CHECK(with_process == told.size());
    CHECK(with_both > 0);
}

TEST_CASE("flows come in the order of their first packets, or as --sort says") {
    const std::vector<Json> rows = test::rows_of({"flows", "--json", told_file()});
    for (size_t i = 0; i < rows.size(); ++i) {
        CHECK(rows[i]["number"] == i);
        CHECK((i == 0 || rows[i - 1]["first_time"].get<std::string>() <=
                             rows[i]["first_time"].get<std::string>()));
    }
    const std::vector<Json> sorted =
        test::rows_of({"flows", "--json", "--sort", "rtt_s,desc", told_file()});
    bool unknown = false;  // those come last
    for (size_t i = 0; i < sorted.size(); ++i) {
        CHECK((!unknown || sorted[i]["rtt_s"].is_null()));
        unknown = sorted[i]["rtt_s"].is_null();
        CHECK((i == 0 || unknown ||
               sorted[i - 1]["rtt_s"].get<double>() >= sorted[i]["rtt_s"].get<double>()));
    }
    CHECK(unknown);
}

TEST_CASE("interfaces and network namespaces of a file are selected by name, everywhere alike") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    pcapng::Writer writer = test::open_writer(path);
    const std::vector<std::string> names{"eth0", "web/eth0", "host/db/lo", "net:[4026]/eth1"};
    test::Bytes frame = test::udp_frame();
    for (const std::string& name : names) {
        const uint32_t id = test::need(writer.add_interface({.name = name}));
        for (uint32_t i = 0; i <= id; ++i) {
            ++frame.back();  // no copy of another one
            test::need(writer.packet({.interface_id = id,
                                      .time_ns = 1763650000000000000,
                                      .data = frame,
                                      .wire_length = static_cast<uint32_t>(frame.size())}));
        }
    }
    test::need(writer.close());
    using Words = std::vector<std::string>;
    const auto seen = [&](const Words& options) {
        std::set<std::string> interfaces;
        Words words{"read", "--json", path};
        words.insert(words.end(), options.begin(), options.end());
        for (const Json& row : test::rows_of(words)) {
            interfaces.insert(row["interface"].get<std::string>());
        }
        return interfaces;
    };
    using Names = std::set<std::string>;
    CHECK(seen({"--interface", "eth0"}) == Names{"eth0", "web/eth0"});
    CHECK(seen({"--interface", "web/eth0"}) == Names{"web/eth0"});
    CHECK(seen({"--interface", "eth*", "--interface", "!eth1"}) == Names{"eth0", "web/eth0"});
    CHECK(seen({"--netns", "web", "--netns", "db"}) == Names{"web/eth0", "host/db/lo"});
    CHECK(seen({"--netns", "host/db"}) == Names{"host/db/lo"});
    CHECK(seen({"--netns", "host"}) == Names{"host/db/lo"});
    CHECK(seen({"--netns", "net:[4026]"}) == Names{"net:[4026]/eth1"});
    CHECK(seen({"--netns", "!*"}) == Names{"eth0"});
    CHECK(seen({"--netns", "web", "--interface", "lo"}).empty());

    // Each place is a conversation of its own.
    const std::vector<Json> flows = test::rows_of({"flows", "--json", path});
    REQUIRE(flows.size() == 4);
    CHECK(flows[2]["interfaces"] == Json::array({"host/db/lo"}));
    CHECK(flows[2]["a_packets"].get<int>() + flows[2]["b_packets"].get<int>() == 3);
    CHECK(test::rows_of({"flows", "--json", "--netns", "web", path}).size() == 1);
    const std::string page = folder.file("page.html");
    REQUIRE(test::run(pidcap({"report", "--netns", "host", path, "-o", page})).status == 0);
    CHECK(test::contains(test::content_of(page), R"("flowCount":1,)"));
    CHECK(test::run(pidcap({"flows", "--netns", "", path})).status == 2);
}

TEST_CASE("a flow names the process that moved the most bytes at its end, and lists all") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    pcapng::Writer writer = test::open_writer(path);
    test::need(writer.add_interface({.name = "eth0"}));
    const test::Bytes frame = test::udp_frame();
    for (const char* comment :
         {"pid=7 comm=master st=5 via=socket at=sender", "pid=8 comm=a,\"b via=socket at=sender",
          "pid=8 comm=a,\"b via=socket at=sender", "pid=8 comm=a,\"b via=socket at=sender"}) {
        test::need(writer.packet({.time_ns = 1763650000000000000,
                                  .data = frame,
                                  .wire_length = static_cast<uint32_t>(frame.size()),
                                  .comment = comment}));
    }
    test::need(writer.close());
    const std::vector<Json> rows = test::rows_of({"flows", "--json", path});
    REQUIRE(rows.size() == 1);
    const std::string end = rows[0]["a_pid"].is_null() ? "b_" : "a_";
    CHECK(rows[0][end + "pid"] == 8);
    CHECK(rows[0][end + "several"] == true);
    const uint64_t bytes = frame.size();
    const Json expected = Json::array({{{"host", nullptr},
                                        {"pid", 8},
                                        {"start_time", nullptr},
                                        {"comm", "a,\"b"},
                                        {"bytes", 3 * bytes},
                                        {"share", 0.75}},
                                       {{"host", nullptr},
                                        {"pid", 7},
                                        {"start_time", "1970-01-01T00:00:00.000000005Z"},
                                        {"comm", "master"},
                                        {"bytes", bytes},
                                        {"share", 0.25}}});
    CHECK(rows[0][end + "processes"] == expected);
    CHECK(test::contains(test::output_of(pidcap({"flows", path})), "[8] 75 % …"));
    CHECK(test::contains(test::output_of(pidcap({"flows", "--csv", path})),
                         R"("[{""host"":null,""pid"":8,""start_time"":null,""comm"":""a,\""b"")"));
}

TEST_CASE("a process whose end the file doesn't say is put at neither") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("a.pcapng");
    pcapng::Writer writer = test::open_writer(path);
    test::need(writer.add_interface({.name = "eth0"}));
    const test::Bytes frame = test::udp_frame();
    for (const char* comment : {"pid=7 comm=curl", "pid=8 comm=wget"}) {
        test::need(writer.packet({.time_ns = 1763650000000000000,
                                  .data = frame,
                                  .wire_length = static_cast<uint32_t>(frame.size()),
                                  .comment = comment}));
    }
    test::need(writer.close());
    CHECK(test::contains(test::output_of(pidcap({"flows", path})),
                         "  curl[7] 50 % … (either end)  "));
    CHECK(test::contains(test::output_of(pidcap({"read", path})), "eth0 curl[7] -- UDP "));
    const std::vector<Json> flows = test::rows_of({"flows", "--json", path});
    REQUIRE(flows.size() == 1);
    CHECK(flows[0]["a_processes"].is_null());
    CHECK(flows[0]["either_processes"].size() == 2);
    const std::vector<Json> rows = test::rows_of({"read", "--json", path});
    REQUIRE(rows.size() == 2);
    CHECK(rows[0]["pid"] == 7);
    CHECK(rows[0]["process_at"].is_null());
}

TEST_CASE("the terminal's table of flows names ends and processes") {
    const std::vector<std::string> lines =
        test::split(test::output_of(pidcap({"flows", told_file()})), '\n');
    REQUIRE(lines.size() > 200);
    CHECK(lines[0].substr(0, 5) == "PROTO");
    CHECK(test::contains(lines[1], "10.0.0.2:20"));
    CHECK(test::contains(lines.back(), "without a process: "));
}

TEST_CASE("the tables of a merged file say of which host a process is") {
    test::TemporaryFolder folder;
    const std::string path = folder.file("merged.pcapng");
    test::output_of(pidcap(
        {"merge", told_file(), told_file(), "--host", "west", "--host", "east", "-w", path}));
    for (const char* command : {"processes", "flows"}) {
        INFO(command);
        CHECK(test::contains(test::output_of(pidcap({command, path})), "west:worker-"));
    }
}

}  // namespace
