// SPDX-License-Identifier: GPL-2.0-only
//
// pidcap flows --join of two hosts' files: of made-up traffic, shifted and rewritten by editcap.
#include <filesystem>
#include <fstream>

#include "tests/cmd/offline/rows.h"
#include "tests/forensics/capture_file.h"
#include "tests/support/named_host.h"
#include "tests/support/temporary_folder.h"

namespace {

using test::Datagram;
using test::Frame;
using test::Json;
using test::kAck;
using test::kStart;
using test::kSyn;
using test::pidcap;
using test::Segment;

constexpr uint64_t kWay = 1'000'000;

// A client and a server, each captured by itself. Both clocks show the same time.
class TwoHosts {
  public:
    test::CaptureFile client;
    test::CaptureFile server;
    uint64_t now = kStart;

    void to_server(const Frame& frame, uint64_t way = kWay) {
        send(frame, client, server, way, true);
    }
    void to_client(const Frame& frame, uint64_t way = kWay) {
        send(frame, server, client, way, false);
    }

    void handshake(uint16_t port, uint32_t client_number, uint32_t server_number) {
        to_server(make(there(port, client_number, 0, kSyn)));
        to_client(make(back(port, server_number, client_number + 1, kSyn | kAck)));
        to_server(make(there(port, client_number + 1, server_number + 1, kAck)));
    }
    void request(uint16_t port, uint32_t client_number, uint32_t server_number) {
        Segment asks = there(port, client_number + 1, server_number + 1, kAck);
        asks.data = test::bytes_of("question");
        to_server(make(asks));
        Segment answers = back(port, server_number + 1, client_number + 9, kAck);
        answers.data = test::bytes_of("answer");
        to_client(make(answers));
    }
    static Segment there(uint16_t port, uint32_t sequence, uint32_t ack, uint8_t flags) {
        return {.source_port = port,
                .target_port = 80,
                .sequence = sequence,
                .acknowledgment = ack,
                .flags = flags};
    }
    static Segment back(uint16_t port, uint32_t sequence, uint32_t ack, uint8_t flags) {
        return {.from = 2,
                .to = 1,
                .source_port = 80,
                .target_port = port,
                .sequence = sequence,
                .acknowledgment = ack,
                .flags = flags};
    }

    // Of the client's process, and of the server's.
    bool with_processes = true;

  private:
    void send(const Frame& frame, test::CaptureFile& from, test::CaptureFile& to, uint64_t way,
              bool by_client) {
        const std::string sender = by_client ? "pid=41 comm=curl st=1" : "pid=7 comm=nginx st=2";
        const std::string receiver = by_client ? "pid=7 comm=nginx st=2" : "pid=41 comm=curl st=1";
        from.add(frame, now, std::nullopt, with_processes ? sender + " at=sender" : "");
        to.add(frame, now + way, std::nullopt, with_processes ? receiver + " at=receiver" : "");
        now += way + 50'000;
    }
};

void write_file(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
}

struct Files {
    test::TemporaryFolder folder;
    std::string client = folder.file("web.pcapng");
    std::string server = folder.file("db.pcapng");

    explicit Files(const TwoHosts& hosts) {
        hosts.client.write(client);
        hosts.server.write(server);
    }
    // Sets the server's clock.
    void shift(const std::string& seconds) {
        const std::string to = folder.file("shifted.pcapng");
        test::output_of({"editcap", "-t", seconds, server, to});
        std::filesystem::rename(to, server);
    }
    std::vector<Json> rows() const {
        return test::rows_of({"flows", "--join", "--json", client, server});
    }
};

void check_offset(const Json& row, double seconds, uint64_t handshakes) {
    INFO(row);
    CHECK(row["clock_handshakes"] == handshakes);
    CHECK(row["clock_agrees"] == true);
    CHECK(row["clock_offset_low_s"].get<double>() <= seconds);
    CHECK(row["clock_offset_high_s"].get<double>() >= seconds);
    CHECK(row["clock_offset_high_s"].get<double>() - row["clock_offset_low_s"].get<double>() <
          0.0021);
}

}  // namespace

TEST_CASE("a connection that two hosts have is one row, with the process at each end") {
    TwoHosts hosts;
    hosts.handshake(40000, 1000, 2000);
    hosts.request(40000, 1000, 2000);
    hosts.handshake(40001, 1500, 2500);
    Files files(hosts);
    files.shift("3600.25");
    const std::vector<Json> rows = files.rows();
    REQUIRE(rows.size() == 2);
    for (const Json& row : rows) {
        CHECK(row["seen_by"] == Json({"web", "db"}));
        CHECK(row["joined_by"] == "sequence numbers");
        CHECK(row["not_joined"].is_null());
        CHECK(row["translated"].is_null());
        CHECK(row["a_host"] == "web");
        CHECK(row["a_pid"] == 41);
        CHECK(row["a_comm"] == "curl");
        CHECK(row["b_host"] == "db");
        CHECK(row["b_pid"] == 7);
        CHECK(row["b_comm"] == "nginx");
        CHECK(row["b_processes"][0]["host"] == "db");
        check_offset(row, 3600.25, 2);
    }
    CHECK(rows[0]["a_packets"] == 3);
    CHECK(rows[0]["b_packets"] == 2);

    // Whichever file comes first, the client is a.
    const std::vector<Json> turned =
        test::rows_of({"flows", "--join", "--json", files.server, files.client});
    CHECK(turned[0]["seen_by"] == Json({"web", "db"}));
    CHECK(turned[0]["a_pid"] == 41);
    check_offset(turned[0], 3600.25, 2);

    const std::string table =
        test::output_of(pidcap({"flows", "--join", files.client, files.server}));
    CHECK(test::contains(table, "web:curl[41]"));
    CHECK(test::contains(table, "db:nginx[7]"));
    CHECK(test::contains(table, "clock of db minus clock of web: +3600.2"));
    CHECK(test::contains(table, "(2 handshakes)"));
    const std::string csv = files.folder.file("rows.csv");
    write_file(csv,
               test::output_of(pidcap({"flows", "--join", "--csv", files.client, files.server})));
    CHECK(test::csv_rows(csv).size() == 3);
}

TEST_CASE("files of pcap without processes are joined, and their clocks compared") {
    TwoHosts hosts;
    hosts.with_processes = false;
    hosts.now += 777;  // which microseconds leave out
    hosts.handshake(40000, 1000, 2000);
    hosts.handshake(40001, 1500, 2500);
    Files files(hosts);
    files.shift("-12.5");
    for (std::string* path : {&files.client, &files.server}) {
        const std::string pcap = path->substr(0, path->size() - 2);
        test::output_of({"editcap", "-F", "pcap", *path, pcap});
        *path = pcap;
    }
    const std::vector<Json> rows = files.rows();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0]["seen_by"] == Json({"web", "db"}));
    CHECK(rows[0]["a_pid"].is_null());
    CHECK(rows[0]["a_host"].is_null());
    check_offset(rows[0], -12.5, 2);
}

TEST_CASE("equal ends aren't joined without a proof") {
    TwoHosts hosts;
    hosts.handshake(40000, 1000, 2000);
    TwoHosts others;
    others.handshake(40000, 1000, 2001);
    const test::TemporaryFolder folder;
    const std::string client = folder.file("a.pcapng"), server = folder.file("b.pcapng");
    hosts.client.write(client);
    others.server.write(server);
    std::vector<Json> rows = test::rows_of({"flows", "--join", "--json", client, server});
    REQUIRE(rows.size() == 2);
    for (const Json& row : rows) {
        CHECK(row["joined_by"].is_null());
        CHECK(row["not_joined"] == "the same ends, without a proof");
        CHECK(row["clock_handshakes"].is_null());
    }

    TwoHosts elsewhere;
    elsewhere.handshake(40001, 1000, 2000);
    elsewhere.server.write(server);
    rows = test::rows_of({"flows", "--join", "--json", "--filter", "port 40000", client, server});
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["seen_by"] == Json({"a"}));
    CHECK(rows[0]["not_joined"] == "one host has it");
}

TEST_CASE("UDP is joined by two equal packets that are equally far apart") {
    const auto there = [](const std::string& data) {
        return make(Datagram{.data = test::bytes_of(data)});
    };
    const auto back = [](const std::string& data) {
        return make(Datagram{.from = 2,
                             .to = 1,
                             .source_port = 20000,
                             .target_port = 40000,
                             .data = test::bytes_of(data)});
    };
    TwoHosts hosts;
    hosts.to_server(there("one"));
    SECTION("two are enough, and which capture began later doesn't matter") {
        hosts.client = test::CaptureFile();
        hosts.to_server(there("two"));
        hosts.to_client(back("three"));
        const std::vector<Json> rows = Files(hosts).rows();
        REQUIRE(rows.size() == 1);
        CHECK(rows[0]["joined_by"] == "packets");
        CHECK(rows[0]["a_host"] == "web");
        CHECK(rows[0]["b_comm"] == "nginx");
        CHECK(rows[0]["clock_handshakes"].is_null());
    }
    SECTION("one isn't") {
        const std::vector<Json> rows = Files(hosts).rows();
        REQUIRE(rows.size() == 2);
        CHECK(rows[0]["not_joined"] == "the same ends, without a proof");
    }
    SECTION("nor are two whose distance differs") {
        hosts.to_client(back("two"), 5'000'000'000);
        CHECK(Files(hosts).rows().size() == 2);
    }
}

TEST_CASE("a capture that began amid a connection is joined by its packets") {
    TwoHosts hosts;
    hosts.handshake(40000, 1000, 2000);
    hosts.server = test::CaptureFile();
    hosts.request(40000, 1000, 2000);
    const std::vector<Json> rows = Files(hosts).rows();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["joined_by"] == "packets");
    CHECK(rows[0]["a_comm"] == "curl");
    CHECK(rows[0]["b_comm"] == "nginx");
}

TEST_CASE(
    "a connection through NAT is joined by both sequence numbers, if the times are possible") {
    TwoHosts hosts;
    hosts.handshake(40000, 1000, 2000);
    // Both ends as the server has them: 10.0.0.9 is the NAT.
    const auto translated = [](uint64_t syn_ns, uint64_t answer_ns) {
        test::CaptureFile server;
        Segment syn = TwoHosts::there(555, 1000, 0, kSyn);
        syn.from = 9;
        Segment answer = TwoHosts::back(555, 2000, 1001, kSyn | kAck);
        answer.to = 9;
        server.add(make(syn), syn_ns, std::nullopt, "pid=7 comm=nginx st=2 at=receiver");
        server.add(make(answer), answer_ns, std::nullopt, "pid=7 comm=nginx st=2 at=sender");
        return server;
    };
    hosts.server = translated(kStart + kWay, kStart + kWay + 50'000);
    std::vector<Json> rows = Files(hosts).rows();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["joined_by"] == "sequence numbers, behind NAT");
    CHECK(rows[0]["translated"] == "10.0.0.9:555 10.0.0.2:80");
    CHECK(rows[0]["a_address"] == "10.0.0.1");
    CHECK(rows[0]["b_comm"] == "nginx");
    CHECK(rows[0]["clock_handshakes"].is_null());

    // The server took longer for its answer than the client waited for it.
    hosts.server = translated(kStart + kWay, kStart + kWay + 1'000'000'000);
    CHECK(Files(hosts).rows().size() == 2);
}

TEST_CASE("a clock that was set between connections has no offset, and the table says so") {
    TwoHosts hosts;
    hosts.handshake(40000, 1000, 2000);
    TwoHosts later;
    later.now = hosts.now + 1'000'000'000;
    later.handshake(40001, 1500, 2500);
    Files files(hosts);
    Files after(later);
    after.shift("60");
    const std::string both = files.folder.file("both.pcapng");
    test::output_of({"mergecap", "-w", both, files.server, after.server});
    const std::string clients = files.folder.file("clients.pcapng");
    test::output_of({"mergecap", "-w", clients, files.client, after.client});
    const std::vector<Json> rows = test::rows_of({"flows", "--join", "--json", clients, both});
    REQUIRE(rows.size() == 2);
    CHECK(rows[0]["clock_agrees"] == false);
    CHECK(rows[0]["clock_time"].is_null());
    CHECK(rows[0]["clock_offset_low_s"].get<double>() <= 0);
    CHECK(rows[0]["clock_offset_high_s"].get<double>() >= 60);
    CHECK(test::contains(test::output_of(pidcap({"flows", "--join", clients, both})),
                         "no one offset explains all 2 handshakes"));
}

TEST_CASE("a handshake of which a segment was sent again tells nothing of the clocks") {
    TwoHosts hosts;
    hosts.to_server(make(TwoHosts::there(40000, 1000, 0, kSyn)));
    hosts.now += 1'000'000'000;
    hosts.handshake(40000, 1000, 2000);
    const std::vector<Json> rows = Files(hosts).rows();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["joined_by"] == "sequence numbers");
    CHECK(rows[0]["clock_handshakes"].is_null());
}

TEST_CASE("files are of the hosts that they say, unless the command line says others") {
    TwoHosts hosts;
    hosts.handshake(40000, 1000, 2000);
    const Files files(hosts);
    test::with_section_comment(files.client, "host=near");
    test::with_section_comment(files.server, "host=far");
    const Json row = files.rows().at(0);
    CHECK(row["seen_by"] == Json({"near", "far"}));
    CHECK(row["a_host"] == "near");
    CHECK(row["b_host"] == "far");
    CHECK(row["b_processes"][0]["host"] == "far");
    CHECK(test::contains(test::output_of(pidcap({"flows", "--join", files.client, files.server})),
                         "near:curl[41]"));

    const Json told = test::rows_of({"flows", "--join", "--json", "--host", "x", "--host", "y",
                                     files.client, files.server})
                          .at(0);
    CHECK(told["a_host"] == "x");
    CHECK(told["b_processes"][0]["host"] == "y");

    test::with_section_comment(files.server, "host=near");  // beside the other one: it says none
    CHECK(files.rows().at(0)["b_host"] == "db");
    const test::TemporaryFolder folder;
    const std::string again = folder.file("again.pcapng");
    std::filesystem::copy_file(files.client, again);
    const test::CommandResult refused = test::run(pidcap({"flows", "--join", files.client, again}));
    CHECK(refused.status == 2);
    CHECK(test::contains(refused.err, "all are of near"));
}

TEST_CASE("a file is taken for one host, and its copy for nothing new") {
    TwoHosts hosts;
    hosts.handshake(40000, 1000, 2000);
    hosts.request(40000, 1000, 2000);
    const Files files(hosts);
    const auto refused = [](const std::vector<std::string>& arguments, const std::string& why) {
        const test::CommandResult result = test::run(pidcap(arguments));
        CHECK(result.status == 2);
        CHECK(test::contains(result.err, why));
    };
    const std::string& file = files.client;
    refused({"flows", "--join", file}, "the files of two hosts");
    refused({"flows", "--host", "a", file}, "--host is for --join");
    refused({"flows", "--join", file, file}, "two files of host web");
    refused({"flows", "--join", file, file, "--host", "a", "--host", "b"}, "given for two hosts");
    refused({"flows", "--join", file, files.server, "--comm", "curl"}, "at one end only");
    refused({"flows", "--join", file, files.server, "--host", "a"}, "--host is given 1 times");

    const std::string copy = files.folder.file("copy.pcapng");
    std::filesystem::copy_file(file, copy);
    const std::vector<Json> rows = test::rows_of({"flows", "--join", "--json", file, copy});
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["a_pid"] == 41);
    CHECK(rows[0]["b_pid"].is_null());
    CHECK(rows[0]["clock_handshakes"].is_null());

    // Files of one host are one file.
    const std::vector<Json> again =
        test::rows_of({"flows", "--join", "--json", "--host", "x", "--host", "x", "--host", "y",
                       file, copy, files.server});
    REQUIRE(again.size() == 1);
    CHECK(again[0]["seen_by"] == Json({"x", "y"}));
}

TEST_CASE("a file that is broken or no capture is said, and the rest is shown") {
    TwoHosts hosts;
    hosts.handshake(40000, 1000, 2000);
    const Files files(hosts);
    std::filesystem::resize_file(files.server, std::filesystem::file_size(files.server) - 9);
    const test::CommandResult cut =
        test::run(pidcap({"flows", "--join", "--json", files.client, files.server}));
    CHECK(cut.status == 1);
    CHECK(test::json_lines(cut.out).size() == 1);
    write_file(files.server, "no capture at all");
    const test::CommandResult none =
        test::run(pidcap({"flows", "--join", "--json", files.client, files.server}));
    CHECK(none.status == 1);
    CHECK(none.out.empty());
}
