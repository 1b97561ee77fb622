// SPDX-License-Identifier: GPL-2.0-only
//
// Files of real captures in Wireshark: real processes, and tshark's own counts.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/capture.h"
#include "tests/support/netns.h"
#include "tests/wireshark/wireshark.h"

using namespace test;

namespace {

// A capture at one end of a veth pair while `script` runs there; 10.9.0.2 answers.
void capture(const std::string& path, const std::string& script,
             const std::vector<std::string>& arguments = {}) {
    const Netns near;
    const Netns far;
    connect_by_veth({near, "near", "10.9.0.1/24", "fd09::1/64"},
                    {far, "far", "10.9.0.2/24", "fd09::2/64"});
    std::vector<std::string> all = {"-i", "any", "-w", path};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.insert(all.end(), {"--", "bash", "-c", script});
    Pidcap pidcap(Launch{.arguments = all, .netns = &near});
    REQUIRE(pidcap.wait() == 0);
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
}

constexpr const char* kTraffic =
    "ping -q -c 3 -i 0.1 10.9.0.2 >/dev/null;"
    "nc -l -N 127.0.0.1 9000 >/dev/null & sleep 0.3;"
    "head -c 100000 /dev/zero | nc -N 127.0.0.1 9000; wait";

}  // namespace

TEST_CASE("a filter on ping finds its requests and the replies") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    capture(path, kTraffic);
    const std::string ping = "process.comm == \"ping\"";
    CHECK(wireshark.count(path,
                          ping + " and icmp.type == 8 and frame.packet_flags_direction == 2") == 3);
    CHECK(wireshark.count(path,
                          ping + " and icmp.type == 0 and frame.packet_flags_direction == 1") == 3);
    CHECK(wireshark.count(path, "icmp and !(" + ping + ")") == 0);
    const auto seen = wireshark.fields(
        path, {"process.cmdline", "process.exe", "process.parent", "process.uid", "process.user"},
        {"-Y", ping});
    REQUIRE(seen.size() >= 6);
    for (const Row& row : seen) {
        CHECK(row == Row{"ping -q -c 3 -i 0.1 10.9.0.2", seen[0][1], "bash", "0", "root"});
    }
}

TEST_CASE("both ends of a connection on lo have all their fields on every packet") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    capture(path, kTraffic);
    const std::string tcp = "tcp.port == 9000";
    REQUIRE(wireshark.count(path, tcp) > 8);
    for (const char* name : {"cmdline", "exe", "ppid", "user", "netns", "start", "cgroup"}) {
        INFO(name);
        CHECK(wireshark.count(
                  path, tcp + " and !(process." + name + " and process.peer." + name + ")") == 0);
    }
    CHECK(
        wireshark.count(path,
                        "tcp.dstport == 9000 and !(process.cmdline == \"nc -N 127.0.0.1 9000\" and"
                        " process.peer.cmdline contains \"-l\")") == 0);
    CHECK(wireshark.count(
              path,
              "tcp.srcport == 9000 and !(process.peer.cmdline == \"nc -N 127.0.0.1 9000\")") == 0);
}

TEST_CASE("the tables of a capture agree with what tshark counts itself") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    capture(path, kTraffic);
    std::set<std::string> ids;
    for (const Row& row : wireshark.fields(path, {"process.any.pid"}, {"-Y", "process.pid"})) {
        const size_t comma = row[0].find(',');
        ids.insert(row[0].substr(0, comma));
        if (comma != std::string::npos) {
            ids.insert(row[0].substr(comma + 1));
        }
    }
    REQUIRE(ids.size() >= 3);
    std::set<std::string> listed;
    for (const Row& row : wireshark.table(path, "pidcap,processes")) {
        if (row[0][0] == '(') {
            continue;
        }
        // Process, PID, User, Packets, Bytes, Received, Sent, …
        const std::string filter = "process.any.pid == " + row[1];
        uint64_t bytes = 0;
        uint64_t sent = 0;
        for (const Row& frame :
             wireshark.fields(path, {"frame.len", "process.sender.pid"}, {"-Y", filter})) {
            bytes += std::stoul(frame[0]);
            sent += frame[1] == row[1] ? std::stoul(frame[0]) : 0;
        }
        INFO(row[0]);
        CHECK(row[3] == std::to_string(wireshark.count(path, filter)));
        CHECK(row[4] == std::to_string(bytes));
        CHECK(row[6] == std::to_string(sent));
        CHECK(row[5] == std::to_string(bytes - sent));
        listed.insert(row[1]);
    }
    CHECK(listed == ids);

    size_t flow_packets = 0;
    for (const Row& row : wireshark.table(path, "pidcap,flows,tcp")) {
        REQUIRE(row.size() >= 10);
        CHECK(row[2] == "tcp");
        flow_packets += std::stoul(row[6]);
    }
    // Each counts for the two that it connects.
    CHECK(flow_packets == 2 * wireshark.count(path, "tcp"));
}

TEST_CASE("the other kinds of --comments can be read, too") {
    const Wireshark wireshark;
    for (const char* kind : {"full", "short", "none"}) {
        INFO(kind);
        const std::string path = wireshark.file(std::string(kind) + ".pcapng");
        capture(path, "ping -q -c 2 -i 0.1 10.9.0.2 >/dev/null", {"--comments", kind});
        const bool none = kind == std::string("none");
        CHECK(wireshark.count(path, "icmp and process.comm == \"ping\"") ==
              (none && wireshark.version() < 406 ? 0 : 4));
        CHECK(wireshark.count(path, "icmp and process.cmdline") ==
              (kind == std::string("full") ? 4 : 0));
    }
}
