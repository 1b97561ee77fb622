// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap flows --records` of files.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "tests/cmd/offline/rows.h"
#include "tests/forensics/capture_file.h"
#include "tests/support/named_host.h"
#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"

namespace {

using test::Json;
using test::output_of;
using test::pidcap;
using test::rows_of;

const std::string kNames = TEST_DATA "/names.pcapng";
const std::string kProcesses = TEST_DATA "/ptcpdump-0.37.pcapng";

// Two conversations of IPv4 in a file, one of which is silent for long.
std::string silent_file(const test::TemporaryFolder& folder) {
    test::CaptureFile file;
    for (int i = 0; i < 10; ++i) {
        file.add(make(test::Datagram{.source_port = 1000}),
                 test::kStart + static_cast<uint64_t>(i) * 10'000'000'000);
    }
    file.add(make(test::Datagram{.source_port = 1000}), test::kStart + 200'000'000'000);
    file.add(make(test::Datagram{.source_port = 1001}), test::kStart + 200'100'000'000);
    file.write(folder.file("silent.pcapng"));
    return folder.file("silent.pcapng");
}

TEST_CASE("records of a file have the sums of its conversations, and the same columns") {
    const std::vector<Json> flows = rows_of({"flows", "--json", kNames});
    const std::vector<Json> records = rows_of({"flows", "--records", kNames});
    REQUIRE(records.size() == flows.size());  // shorter than the active time
    std::map<Json, const Json*> by_first;
    for (const Json& record : records) {
        by_first[{record["a_address"], record["a_port"], record["b_port"]}] = &record;
    }
    for (const Json& flow : flows) {
        const Json& record = *by_first.at({flow["a_address"], flow["a_port"], flow["b_port"]});
        for (const auto& [name, value] : flow.items()) {
            INFO(name);
            CHECK(record.at(name) == value);
        }
        CHECK(record["begin_time"] == flow["first_time"]);
    }
}

TEST_CASE("options --idle and --active say when records are made") {
    const test::TemporaryFolder folder;
    const std::string file = silent_file(folder);
    const auto reasons = [&](std::vector<std::string> options) {
        options.insert(options.begin(), "flows");
        options.push_back(file);
        std::string all;
        for (const Json& record : rows_of(options)) {
            all += record["reason"].get<std::string>() + " ";
        }
        return all;
    };
    CHECK(reasons({"--records"}) == "active idle stop stop ");
    CHECK(reasons({"--idle", "5"}) ==
          "idle idle idle idle idle idle idle idle idle idle stop stop ");
    CHECK(reasons({"--active", "1h", "--idle=1h"}) == "stop stop ");
    CHECK(reasons({"--most-flows", "1", "--idle", "1h", "--active", "1h"}) == "limit stop ");
}

TEST_CASE("docs/flows.md lists the columns of a record") {
    std::ifstream page(FLOWS_MD);
    std::stringstream text;
    text << page.rdbuf();
    const Json record = rows_of({"flows", "--records", kNames}).front();
    const Json flow = rows_of({"flows", "--json", kNames}).front();
    for (const auto& [name, value] : record.items()) {
        INFO(name);
        CHECK((flow.contains(name) || test::contains(text.str(), "| `" + name + "` |")));
    }
}

// Field and value, without those of pidcap's own; arrays as they are.
void add_fields(const Json& object, const std::string& prefix, std::map<std::string, Json>& all) {
    for (const auto& [name, value] : object.items()) {
        if (value.is_object()) {
            add_fields(value, prefix + name + ".", all);
        } else {
            all[prefix + name] = value;
        }
    }
}

struct EcsField {
    std::string type;
    bool is_array = false;
};

std::map<std::string, EcsField> ecs_fields() {
    std::map<std::string, EcsField> all;
    std::ifstream file(TEST_DATA "/ecs-fields.csv");
    for (std::string line; std::getline(file, line);) {
        const std::vector<std::string> cells = [&] {
            std::vector<std::string> parts(1);
            for (const char c : line) {
                c == ',' ? void(parts.emplace_back()) : void(parts.back() += c);
            }
            return parts;
        }();
        REQUIRE(cells.size() == 3);
        all[cells[0]] = {.type = cells[1], .is_array = cells[2] == "array"};
    }
    REQUIRE(all.size() > 200);
    return all;
}

bool has_type(const Json& value, const std::string& type) {
    if (type == "long") {
        return value.is_number_integer();
    }
    if (type == "date") {
        return value.is_string() && value.get<std::string>().size() == 30 &&
               value.get<std::string>().back() == 'Z';
    }
    return value.is_string();  // keyword, wildcard, ip, match_only_text
}

TEST_CASE(
    "option --names ecs has no field that the Elastic Common Schema hasn't, of the right type") {
    const std::map<std::string, EcsField> schema = ecs_fields();
    std::set<std::string> seen;
    for (const std::string& file : {kNames, kProcesses, std::string(TEST_DATA "/tls.pcapng")}) {
        for (const Json& record : rows_of({"flows", "--names", "ecs", file})) {
            std::map<std::string, Json> fields;
            add_fields(record, "", fields);
            for (const auto& [name, value] : fields) {
                if (name.starts_with("pidcap.")) {
                    continue;
                }
                INFO(name);
                REQUIRE(schema.contains(name));
                const EcsField& field = schema.at(name);
                if (field.is_array) {
                    REQUIRE(value.is_array());
                    CHECK(std::ranges::all_of(
                        value, [&](const Json& one) { return has_type(one, field.type); }));
                } else {
                    CHECK(has_type(value, field.type));
                }
                seen.insert(name);
            }
            CHECK(fields.contains("@timestamp"));
        }
    }
    for (const char* name :
         {"source.ip", "source.port", "destination.bytes", "network.community_id", "process.pid",
          "process.executable", "event.duration", "dns.question.name", "url.domain",
          "tls.client.server_name", "observer.ingress.interface.name"}) {
        CHECK(seen.contains(name));
    }
}

TEST_CASE("option --names ecs says the same as our own names") {
    const auto own = rows_of({"flows", "--records", kProcesses});
    const auto ecs = rows_of({"flows", "--names", "ecs", kProcesses});
    REQUIRE(own.size() == ecs.size());
    int processes = 0;
    for (size_t i = 0; i < own.size(); ++i) {
        CHECK(ecs[i]["source"]["ip"] == own[i]["a_address"]);
        CHECK(ecs[i]["destination"]["bytes"] == own[i]["b_bytes"]);
        CHECK(ecs[i]["source"]["packets"] == own[i]["a_packets"]);
        CHECK(ecs[i]["event"]["end"] == own[i]["last_time"]);
        CHECK(ecs[i]["network"]["bytes"] ==
              own[i]["a_bytes"].get<uint64_t>() + own[i]["b_bytes"].get<uint64_t>());
        // The one that began it, if it is known.
        const Json& a = own[i]["a_pid"];
        const Json& b = own[i]["b_pid"];
        if (!a.is_null() || !b.is_null()) {
            ++processes;
            CHECK(ecs[i]["process"]["pid"] == (a.is_null() ? b : a));
            CHECK(ecs[i]["pidcap"]["process_at"] == (a.is_null() ? "destination" : "source"));
        }
        if (!b.is_null()) {
            CHECK(ecs[i]["pidcap"]["destination"]["process"]["pid"] == b);
        }
    }
    CHECK(processes > 0);
}

TEST_CASE(
    "the records of a file are of the host that it says it is of, with and without a process") {
    const test::TemporaryFolder folder;
    size_t without = 0;
    for (const std::string& file : {kNames, kProcesses}) {
        const std::string named = folder.file("named.pcapng");
        std::filesystem::copy_file(file, named, std::filesystem::copy_options::overwrite_existing);
        test::with_section_comment(named, "host=web1");
        for (const Json& record : rows_of({"flows", "--names", "ecs", named})) {
            without += record.contains("process") ? 0 : 1;
            CHECK(record["host"]["name"] == "web1");
        }
        for (const Json& record : rows_of({"flows", "--names", "ecs", file})) {
            CHECK_FALSE(record.contains("host"));
        }
    }
    CHECK(without > 0);
}

TEST_CASE("community ids are tshark's") {
    std::set<std::string> theirs;
    const std::string said = output_of({"tshark", "-n", "-r", kNames, "--enable-protocol",
                                        "communityid", "-T", "fields", "-e", "communityid"});
    std::istringstream lines(said);
    for (std::string line; std::getline(lines, line);) {
        theirs.insert(line);
    }
    std::set<std::string> ours;
    for (const Json& record : rows_of({"flows", "--names", "ecs", kNames})) {
        ours.insert(record["network"]["community_id"].get<std::string>());
    }
    CHECK(ours.size() > 3);
    CHECK(ours == theirs);
}

// One direction: protocol, addresses with ports, packets, first and last time to the millisecond.
using Direction = std::tuple<int, std::string, std::string, uint64_t, std::string, std::string>;

std::string end_of(const Json& address, const Json& port) {
    return address.get<std::string>() + " " + (port.is_number() ? port.dump() : "0");
}

// What the collector has kept, as nfdump prints it. Adds the bytes of each direction to `bytes`.
std::multiset<Direction> collected(const std::string& folder,
                                   std::map<std::string, uint64_t>& bytes) {
    std::multiset<Direction> all;
    for (const Json& flow :
         Json::parse(output_of({"env", "TZ=UTC", "nfdump", "-R", folder, "-o", "json"}))) {
        const std::string family = flow.contains("src4_addr") ? "4" : "6";
        const std::string from = end_of(flow["src" + family + "_addr"], flow["src_port"]);
        const std::string to = end_of(flow["dst" + family + "_addr"], flow["dst_port"]);
        all.insert({flow["proto"], from, to, flow["in_packets"], flow["first"], flow["last"]});
        bytes[from + " " + to] += flow["in_bytes"].get<uint64_t>();
    }
    return all;
}

// The same of our own rows.
std::multiset<Direction> recorded(const std::string& file) {
    std::multiset<Direction> all;
    for (const Json& row : rows_of({"flows", "--records", file})) {
        const int protocol = row["protocol"] == "tcp" ? 6 : row["protocol"] == "udp" ? 17 : 0;
        REQUIRE(protocol != 0);
        const std::string a = end_of(row["a_address"], row["a_port"]);
        const std::string b = end_of(row["b_address"], row["b_port"]);
        const auto time = [&](const char* name) {  // cut, not rounded
            return row[name].get<std::string>().substr(0, 23);
        };
        for (const auto& [from, to, packets] :
             {std::tuple(a, b, row["a_packets"]), std::tuple(b, a, row["b_packets"])}) {
            if (packets != 0) {
                all.insert({protocol, from, to, packets, time("first_time"), time("last_time")});
            }
        }
    }
    return all;
}

// The bytes of IP packets of each direction, by tshark.
std::map<std::string, uint64_t> ip_bytes(const std::string& file) {
    std::map<std::string, uint64_t> all;
    std::istringstream lines(
        output_of({"tshark", "-n",     "-r", file,       "-T", "fields",      "-E", "separator=,",
                   "-e",     "ip.src", "-e", "ipv6.src", "-e", "udp.srcport", "-e", "tcp.srcport",
                   "-e",     "ip.dst", "-e", "ipv6.dst", "-e", "udp.dstport", "-e", "tcp.dstport",
                   "-e",     "ip.len", "-e", "ipv6.plen"}));
    for (std::string line; std::getline(lines, line);) {
        std::vector<std::string> cell(1);
        for (const char c : line) {
            c == ',' ? void(cell.emplace_back()) : void(cell.back() += c);
        }
        REQUIRE(cell.size() == 10);
        const std::string ends = cell[0] + cell[1] + " " + cell[2] + cell[3] + " " + cell[4] +
                                 cell[5] + " " + cell[6] + cell[7];
        all[ends] += cell[8].empty() ? std::stoull(cell[9]) + 40 : std::stoull(cell[8]);
    }
    return all;
}

// Until the process that is bound to this UDP port has received all that was sent to it. A line of
// the table: "9282: 0100007F:63D3 00000000:0000 07 00000000:00000340 …", the last of these the
// bytes that wait.
void wait_until_received(int port) {
    constexpr size_t kWaiting = 26;  // behind the port
    std::ostringstream bound;
    bound << ':' << std::uppercase << std::hex << std::setw(4) << std::setfill('0') << port << ' ';
    for (bool waiting = true; waiting;) {
        waiting = false;
        std::ifstream table("/proc/net/udp");
        for (std::string line; std::getline(table, line);) {
            const size_t at = line.find(bound.str());
            waiting =
                waiting || (at != line.npos &&
                            line.substr(at + bound.str().size()).substr(kWaiting, 8) != "00000000");
        }
        if (waiting) {
            usleep(10'000);
        }
    }
}

TEST_CASE(
    "an IPFIX collector of others gets every conversation with its packets, bytes and times") {
    for (const auto& [file, filter] :
         {std::pair(kNames, std::string("ip")), std::pair(kProcesses, std::string("tcp or udp"))}) {
        INFO(file);
        const test::TemporaryFolder folder;
        const std::string some = folder.file("some.pcapng");
        output_of(pidcap({"extract", file, "-w", some, "--filter", filter}));
        REQUIRE(mkdir(folder.file("collected").c_str(), 0700) == 0);
        const int number = 20'000 + getpid() % 10'000;
        const std::string port = std::to_string(number);
        test::Process collector({.arguments = {"nfcapd", "-w", folder.file("collected"), "-p", port,
                                               "-b", "127.0.0.1", "-t", "3600"}});
        collector.wait_for("Startup nfcapd");
        output_of(pidcap({"flows", "--ipfix", "127.0.0.1:" + port, some}));
        const auto ours = recorded(some);
        REQUIRE(ours.size() >= 2);
        wait_until_received(number);
        collector.signal(SIGTERM);
        (void)collector.wait();
        CHECK(test::contains(collector.err(), "Sequence Errors: 0, Bad Packets: 0"));
        std::map<std::string, uint64_t> bytes;
        CHECK(collected(folder.file("collected"), bytes) == ours);
        CHECK(bytes == ip_bytes(some));
    }
}

TEST_CASE("messages to an IPFIX collector that isn't there are told as lost") {
    const auto result = test::run(pidcap({"flows", "--ipfix", "127.0.0.1:1", kNames}));
    CHECK(result.status == 0);
    // The templates alone are no records; all others went to nobody.
    CHECK(test::contains(result.err, "at least 20 data records were lost: Connection refused"));
}

TEST_CASE("what can't be is refused") {
    for (const std::vector<std::string>& options : {std::vector<std::string>{"--records", "--csv"},
                                                    {"--records", "--sort", "a_bytes"},
                                                    {"--names", "snmp"},
                                                    {"--idle", "0"},
                                                    {"--most-flows", "0"},
                                                    {"--ipfix-enterprise", "1"}}) {
        std::vector<std::string> arguments = {"flows"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        arguments.push_back(kNames);
        const auto result = test::run(pidcap(arguments));
        INFO(options.back() << result.err);
        CHECK(result.status == 2);
    }
    CHECK(test::run(pidcap({"flows", "--to", "nowhere", kNames})).status == 1);
    CHECK(test::run(pidcap({"flows", "--records"})).status == 2);
}

}  // namespace
