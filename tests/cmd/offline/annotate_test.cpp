// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "tests/cmd/offline/written.h"

using test::Capture;
using test::contains;
using test::datagram;

namespace {

// The keys of a comment that say who, at whichever end.
std::map<std::string, std::string> who(const std::string& comment) {
    std::map<std::string, std::string> found;
    std::istringstream words(comment);
    for (std::string word; words >> word;) {
        const std::string key = word.substr(0, word.find('='));
        const std::string plain = key.substr(0, 5) == "peer." ? key.substr(5) : key;
        if (plain == "pid" || plain == "comm" || plain == "st" || plain == "uid") {
            found.emplace(key, word);
        }
    }
    return found;
}

void write_table(const std::string& capture, const std::string& path) {
    const auto table = test::pidcap({"flows", "--json", capture});
    INFO(table.err);
    REQUIRE(table.status == 0);
    std::ofstream(path) << table.out;
}

// Conversations of three processes, one with both ends on the machine.
void write_capture(const std::string& path) {
    Capture capture(path);
    const Capture::Who curl{.pid = 812, .comm = "curl"};
    const Capture::Who dig{.pid = 900, .comm = "d ig", .uid = 7};
    for (int i = 0; i < 3; i++) {
        capture.packet(curl, i == 0, datagram(1, 40000, 2));
        capture.packet(dig, i == 0, datagram(1, 40001, 2, 53));
        capture.plain(datagram(3, 5, 4, 6),
                      "pid=5 comm=a uid=1 st=7 via=socket peer.pid=6 peer.comm=b peer.uid=1 "
                      "peer.st=8 peer.via=lookup");
        capture.plain(datagram(4, 6, 3, 5),
                      "pid=6 comm=b uid=1 st=8 via=socket peer.pid=5 peer.comm=a peer.uid=1 "
                      "peer.st=7 peer.via=lookup");
        capture.plain(datagram(9, 9, 9, 10), "via=unknown");
    }
    capture.close();
}

}  // namespace

TEST_CASE("a capture that lost its processes gets the same ones back from its table") {
    const test::TemporaryFolder folder;
    const std::string full = folder.file("full.pcapng");
    const std::string plain = folder.file("plain.pcap");
    const std::string table = folder.file("flows.json");
    const std::string out = folder.file("out.pcapng");
    write_capture(full);
    write_table(full, table);
    for (const std::string format : {"pcap", "nsecpcap", "pcapng"}) {
        INFO(format);
        if (format == "pcapng") {
            const std::string pcap = folder.file("pcap");
            test::output_of({"editcap", "-F", "nsecpcap", full, pcap});
            test::output_of({"editcap", "-F", format, pcap, plain});
        } else {
            test::output_of({"editcap", "-F", format, full, plain});
        }
        test::pidcap_done({"annotate", plain, "--from", table, "-w", out});
        const auto before = test::comments(full);
        const auto after = test::comments(out);
        REQUIRE(before.size() == after.size());
        for (size_t i = 0; i < before.size(); i++) {
            INFO(before[i] << " | " << after[i]);
            CHECK(who(before[i]) == who(after[i]));
            if (!who(before[i]).empty()) {
                CHECK(contains(after[i], "via=annotated"));
            }
        }
    }
}

TEST_CASE("a packet of two conversations in the table is nobody's") {
    const test::TemporaryFolder folder;
    const std::string full = folder.file("full.pcapng");
    const std::string table = folder.file("flows.json");
    const std::string out = folder.file("out.pcapng");
    const std::string plain = folder.file("plain.pcap");
    write_capture(full);
    write_table(full, table);
    const std::string once = test::content_of(table);
    std::ofstream(table) << once << once;
    test::output_of({"editcap", "-F", "pcap", full, plain});
    test::pidcap_done({"annotate", plain, "--from", table, "-w", out});
    for (const std::string& comment : test::comments(out)) {
        CHECK(comment.empty());
    }
}

TEST_CASE("a packet of another time is nobody's") {
    const test::TemporaryFolder folder;
    const std::string full = folder.file("full.pcapng");
    const std::string later = folder.file("later.pcap");
    const std::string table = folder.file("flows.json");
    const std::string out = folder.file("out.pcapng");
    write_capture(full);
    write_table(full, table);
    test::output_of({"editcap", "-F", "pcap", "-t", "0.2", full, later});
    test::pidcap_done({"annotate", later, "--from", table, "-w", out});
    for (const std::string& comment : test::comments(out)) {
        CHECK(comment.empty());
    }
    test::output_of({"editcap", "-F", "pcap", "-t", "0.05", full, later});
    test::pidcap_done({"annotate", later, "--from", table, "-w", out});
    CHECK(contains(test::comments(out)[0], "pid=812"));
}

TEST_CASE("processes of two hosts don't share a comment") {
    const test::TemporaryFolder folder;
    const std::string on_a = folder.file("a.pcapng");
    const std::string on_b = folder.file("b.pcapng");
    const std::string both = folder.file("both.pcapng");
    const std::string table = folder.file("flows.json");
    const std::string plain = folder.file("plain.pcap");
    const std::string out = folder.file("out.pcapng");
    Capture client(on_a);
    client.plain(datagram(1, 5, 2, 6), "pid=5 comm=client st=7 via=socket");
    client.close();
    Capture server(on_b);
    server.plain(datagram(2, 6, 1, 5), "pid=6 comm=server st=8 via=socket");
    server.close();
    test::pidcap_done({"merge", on_a, on_b, "-w", both});
    write_table(both, table);
    test::output_of({"editcap", "-F", "nsecpcap", both, plain});
    test::pidcap_done({"annotate", plain, "--from", table, "-w", out});
    CHECK(test::comments(out) ==
          std::vector<std::string>{"pid=5 comm=client st=7 via=annotated at=sender host=a",
                                   "pid=6 comm=server st=8 via=annotated at=sender host=b"});
}

TEST_CASE("a packet on which the file says why it has no process keeps that, and isn't counted") {
    const test::TemporaryFolder folder;
    const std::string full = folder.file("full.pcapng");
    const std::string bare = folder.file("bare.pcapng");
    const std::string table = folder.file("flows.json");
    const std::string out = folder.file("out.pcapng");
    write_capture(full);
    write_table(full, table);
    const std::vector<std::string> said = {"via=kernel", "via=unknown", "via=forwarded"};
    Capture capture(bare);
    for (const std::string& comment : said) {
        capture.plain(datagram(1, 40000, 2), comment);
    }
    capture.plain(datagram(1, 40000, 2), "a person's");
    capture.close();
    const auto result = test::pidcap({"annotate", bare, "--from", table, "-w", out});
    CHECK(result.status == 0);
    CHECK(contains(result.err, "1 of 4 packets"));
    const auto after = test::comments(out);
    CHECK(std::vector<std::string>(after.begin(), after.begin() + 3) == said);
    CHECK(contains(after[3], "a person's"));
    CHECK(contains(after[3], "pid=812"));
}

TEST_CASE(
    "an end that isn't told stays so, and of several the one that moved the most bytes is taken") {
    const test::TemporaryFolder folder;
    const std::string full = folder.file("full.pcapng");
    const std::string bare = folder.file("bare.pcapng");
    const std::string table = folder.file("flows.json");
    const std::string out = folder.file("out.pcapng");
    Capture told(full);
    told.plain(datagram(1, 1, 2), "pid=5 st=7 via=socket at=unknown");
    told.plain(datagram(1, 2, 2), "pid=5 st=7 via=socket at=unknown");
    told.plain(datagram(1, 2, 2), "pid=6 st=8 via=socket at=unknown");
    told.plain(datagram(1, 3, 2), "pid=5 st=7 via=socket at=unknown");
    told.plain(datagram(1, 3, 2), "pid=6 st=8 via=socket");
    told.plain(datagram(1, 3, 2), "pid=7 st=9 via=socket");
    told.close();
    write_table(full, table);
    Capture capture(bare);
    for (const uint16_t port : std::initializer_list<uint16_t>{1, 2, 2, 3, 3, 3}) {
        capture.plain(datagram(1, port, 2));
    }
    capture.close();
    test::pidcap_done({"annotate", bare, "--from", table, "-w", out});
    CHECK(test::comments(out) == std::vector<std::string>{"pid=5 st=7 via=annotated at=unknown", "",
                                                          "", "pid=6 st=8 via=annotated",
                                                          "pid=6 st=8 via=annotated",
                                                          "pid=6 st=8 via=annotated"});
}

TEST_CASE("without a start each conversation of a pid keeps its own process") {
    const test::TemporaryFolder folder;
    const std::string full = folder.file("full.pcapng");
    const std::string bare = folder.file("bare.pcapng");
    const std::string table = folder.file("flows.json");
    const std::string out = folder.file("out.pcapng");
    Capture told(full);
    told.plain(datagram(1, 1, 2), "pid=5 comm=curl uid=1 via=socket");
    told.close();
    write_table(full, table);
    Capture later(full);
    later.plain(datagram(1, 1, 2));
    later.plain(datagram(1, 2, 2), "pid=5 comm=dig uid=2 via=socket");
    later.close();
    const auto more = test::pidcap({"flows", "--json", full});
    std::ofstream(table, std::ios::app) << more.out.substr(more.out.find('\n') + 1);
    Capture capture(bare);
    capture.plain(datagram(1, 1, 2));
    capture.plain(datagram(1, 2, 2));
    capture.close();
    test::pidcap_done({"annotate", bare, "--from", table, "-w", out});
    CHECK(test::comments(out) == std::vector<std::string>{"pid=5 comm=curl uid=1 via=annotated",
                                                          "pid=5 comm=dig uid=2 via=annotated"});
}

TEST_CASE("of conversations that overlap the only one of a packet's time is found") {
    const test::TemporaryFolder folder;
    const std::string bare = folder.file("bare.pcapng");
    const std::string table = folder.file("flows.json");
    const std::string out = folder.file("out.pcapng");
    struct Row {
        int first_ms;
        int last_ms;
    };
    std::mt19937 random(1);
    std::vector<Row> rows;
    std::ofstream lines(table);
    for (int pid = 0; pid < 12; pid++) {
        const int first = static_cast<int>(random() % 19000);
        const int length = pid == 0 ? 9000 : static_cast<int>(random() % 900);
        rows.push_back({first, std::min(first + length, 19999)});
        const auto time = [](int ms) {  // of kStart
            return fmt::format("2025-11-20T14:46:{}.{:03}000000Z", 40 + ms / 1000, ms % 1000);
        };
        lines << fmt::format(
            R"({{"protocol":"udp","a_address":"10.0.0.2","a_port":9999,"b_address":"10.0.0.1",)"
            R"("b_port":5,"first_time":"{}","last_time":"{}","b_pid":{},"b_start_time":null}})"
            "\n",
            time(first), time(rows.back().last_ms), pid);
    }
    lines.close();
    Capture capture(bare);
    std::vector<std::string> expected;
    for (int ms = 0; ms < 20000; ms += 37) {
        std::vector<size_t> within;
        std::vector<size_t> near;
        for (size_t pid = 0; pid < rows.size(); pid++) {
            if (ms >= rows[pid].first_ms && ms <= rows[pid].last_ms) {
                within.push_back(pid);
            }
            if (ms + 100 >= rows[pid].first_ms && ms <= rows[pid].last_ms + 100) {
                near.push_back(pid);
            }
        }
        const auto& of = within.empty() ? near : within;
        expected.push_back(of.size() == 1 ? fmt::format("pid={} via=annotated", of[0]) : "");
        capture.time_ns = test::kStart + static_cast<uint64_t>(ms) * 1000000;
        capture.plain(datagram(1, 5, 2));
    }
    capture.close();
    test::pidcap_done({"annotate", bare, "--from", table, "-w", out});
    CHECK(test::comments(out) == expected);
    CHECK(std::set<std::string>(expected.begin(), expected.end()).size() > 5);
}

TEST_CASE("a table that is none is refused by its line, and nothing is written") {
    const test::TemporaryFolder folder;
    const std::string full = folder.file("full.pcapng");
    const std::string table = folder.file("flows.json");
    const std::string out = folder.file("out.pcapng");
    write_capture(full);
    for (const std::string wrong : {"[1]", "{", "pid", "{\"protocol\":\"tcp\"}"}) {
        write_table(full, table);
        std::ofstream(table, std::ios::app) << wrong << "\n";
        const auto result = test::pidcap({"annotate", full, "--from", table, "-w", out});
        INFO(result.err);
        CHECK(result.status == 1);
        CHECK(contains(result.err, "flows.json, line 5"));
        CHECK(!std::ifstream(out).good());
    }
}
