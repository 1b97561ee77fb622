// SPDX-License-Identifier: GPL-2.0-only
//
// The dissector's fields: what each is, when an introduction counts, and which comment is believed.
#include <fmt/format.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/pcapng/files.h"
#include "tests/wireshark/wireshark.h"

using namespace test;

namespace {

using Strings = std::vector<std::string>;

constexpr const char* kCurl =
    "pid=812 tid=813 comm=curl exe=/usr/bin/curl uid=1000 st=1763650000123456789 via=socket";
constexpr const char* kCurlIntroduction =
    " ppid=700 pcomm=bash user=alice cmdline=curl%20-v%20https://h/ cgroup=/user.slice ctr=0123abc "
    "unit=a.service"
    " netns=4026531840 nspid=12 exedev=259:2 exeino=18446744073709551615 mntns=4026532999"
    " hostpid=4812 ctrname=web ctrimage=docker.io/library/nginx:1.25 pod=shop-1 podns=store";
constexpr const char* kNginx =
    " peer.pid=77 peer.tid=78 peer.comm=nginx peer.exe=/usr/sbin/nginx peer.uid=33 "
    "peer.st=1763640000000000000 peer.pidns=4026531836"
    " peer.via=lookup";
constexpr const char* kNginxIntroduction =
    " peer.ppid=1 peer.pcomm=systemd peer.user=www-data peer.cmdline=nginx "
    "peer.cgroup=/system.slice peer.ctr=fed"
    " peer.unit=nginx.service peer.netns=4026531841 peer.nspid=5 peer.exedev=0:45"
    " peer.exeino=7 peer.mntns=4026533000 peer.hostpid=77 peer.ctrname=%1b[2J peer.ctrimage=i "
    "peer.pod=p peer.podns=n";

struct Expected {
    const char* name;
    const char* type;
    const char* self;
    const char* peer;
};

const std::vector<Expected>& expected() {
    static const std::vector<Expected> all = {
        {"pid", "FT_UINT32", "812", "77"},
        {"id", "FT_STRING", "812-1763650000123456789", "77-1763640000000000000"},
        {"tid", "FT_UINT32", "813", "78"},
        {"name", "FT_STRING", "curl", "nginx"},
        {"comm", "FT_STRING", "curl", "nginx"},
        {"exe", "FT_STRING", "/usr/bin/curl", "/usr/sbin/nginx"},
        {"exe_device", "FT_STRING", "259:2", "0:45"},
        {"exe_inode", "FT_UINT64", "18446744073709551615", "7"},
        {"mntns", "FT_UINT64", "4026532999", "4026533000"},
        {"cmdline", "FT_STRING", "curl -v https://h/", "nginx"},
        {"start", "FT_ABSOLUTE_TIME", "2025-11-20 14:46:40.123456789",
         "2025-11-20 12:00:00.000000000"},
        {"uid", "FT_UINT32", "1000", "33"},
        {"user", "FT_STRING", "alice", "www-data"},
        {"ppid", "FT_UINT32", "700", "1"},
        {"parent", "FT_STRING", "bash", "systemd"},
        {"cgroup", "FT_STRING", "/user.slice", "/system.slice"},
        {"container", "FT_STRING", "0123abc", "fed"},
        {"container.name", "FT_STRING", "web", "%1B[2J"},
        {"container.image", "FT_STRING", "docker.io/library/nginx:1.25", "i"},
        {"pod.name", "FT_STRING", "shop-1", "p"},
        {"pod.namespace", "FT_STRING", "store", "n"},
        {"unit", "FT_STRING", "a.service", "nginx.service"},
        {"netns", "FT_UINT64", "4026531840", "4026531841"},
        {"nspid", "FT_UINT32", "12", "5"},
        {"pidns", "FT_UINT64", "", "4026531836"},
        {"host_pid", "FT_UINT32", "4812", "77"},
        {"via", "FT_STRING", "socket", "lookup"},
    };
    return all;
}

Strings all_names() {
    Strings names;
    for (const Expected& field : expected()) {
        names.push_back(std::string("process.") + field.name);
        names.push_back(std::string("process.peer.") + field.name);
    }
    for (const char* role : {"any.", "sender.", "receiver."}) {
        for (const char* name : {"pid", "id", "comm", "exe"}) {
            names.push_back(std::string("process.") + role + name);
        }
    }
    for (const char* name : {"at", "peer.at", "color"}) {
        names.push_back(std::string("process.") + name);
    }
    return names;
}

}  // namespace

TEST_CASE("each field of both ends has its type and its value") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(path, {std::string(kCurl) + kNginx + kCurlIntroduction + kNginxIntroduction});

    std::map<std::string, std::string> types;
    for (const std::string& line : lines(wireshark.tshark({"-G", "fields"}))) {
        // F, title, name, type, …
        const size_t name = line.find("\tprocess.");
        if (name != std::string::npos) {
            const size_t type = line.find('\t', name + 1);
            types[line.substr(name + 1, type - name - 1)] =
                line.substr(type + 1, line.find('\t', type + 1) - type - 1);
        }
    }
    std::string times;
    Strings names;
    Row values;
    for (const Expected& field : expected()) {
        for (const auto& [prefix, value] :
             {std::pair<std::string, std::string>{"process.", field.self},
              {"process.peer.", field.peer}}) {
            const std::string name = prefix + field.name;
            INFO(name);
            CHECK(types[name] == field.type);
            if (field.type == std::string("FT_ABSOLUTE_TIME")) {
                // By a filter: how a time is printed differs between versions.
                times += fmt::format("{}{} == \"{}\"", times.empty() ? "" : " and ", name, value);
            } else {
                names.push_back(name);
                values.push_back(value);
            }
        }
    }
    CHECK(wireshark.fields(path, names) == std::vector<Row>{values});
    CHECK(wireshark.count(path, times) == 1);
    CHECK(types["process.any.pid"] == "FT_UINT32");
    CHECK(wireshark.fields(path, {"process.any.pid", "process.any.comm", "process.any.exe",
                                  "process.cmdline"}) ==
          std::vector<Row>{
              {"812,77", "curl,nginx", "/usr/bin/curl,/usr/sbin/nginx", "curl -v https://h/"}});
}

TEST_CASE("fields compare as numbers and texts, and with either end") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(
        path, {std::string(kCurl) + kNginx, "via=kernel", "pid=9 comm=dig uid=0 via=lookup", ""});
    const std::vector<std::pair<const char*, size_t>> filters = {
        {"process.pid > 10", 1},
        {"process.pid < 100", 1},
        {"process.uid == 0", 1},
        {"process.comm == \"curl\"", 1},
        {"process.comm matches \"^[cd]\"", 2},
        {"process.any.comm == \"nginx\"", 1},
        {"process.any.exe contains \"nginx\"", 1},
        {"process.any.pid in {77, 9}", 2},
        {"process.start > \"2025-11-20 00:00:00\"", 1},
        {"process.via == \"kernel\"", 1},
        {"pidcap", 3},
        {"!process.pid", 2},
    };
    for (const auto& [filter, count] : filters) {
        INFO(filter);
        CHECK(wireshark.count(path, filter) == count);
    }
}

TEST_CASE("an introduction holds for the process's packets from there on, and for no other's") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    const std::string curl = kCurl;
    const std::string later =
        "pid=812 comm=curl exe=/usr/bin/curl uid=1000 st=1763650009000000000 via=socket";
    write_comments(
        path,
        {
            curl,                                                       // not introduced yet
            curl + kCurlIntroduction,                                   //
            curl,                                                       //
            later,                                                      // the pid again
            "pid=812 comm=curl exe=/usr/bin/curl uid=1000 via=socket",  // which of them?
            "pid=77 comm=nginx st=1763640000000000000 via=socket" +     // as a peer
                std::string(" peer.pid=812 peer.comm=curl peer.exe=/usr/bin/curl peer.uid=1000"
                            " peer.st=1763650000123456789 peer.via=lookup"),
            "pid=812 comm=curl exe=/usr/bin/curl uid=0 st=1763650000123456789 via=socket",
            "pid=812 comm=sh exe=/bin/sh uid=1000 st=1763650000123456789 via=socket",
        });
    const Strings names = {"process.ppid", "process.user", "process.cmdline",
                           "process.peer.cmdline", "process.peer.unit"};
    const std::string cmdline = "curl -v https://h/";
    const std::vector<Row> seen = {
        {"", "", "", "", ""},
        {"700", "alice", cmdline, "", ""},
        {"700", "alice", cmdline, "", ""},
        {"", "", "", "", ""},
        {"", "", "", "", ""},
        {"", "", "", cmdline, "a.service"},
        {"700", "", cmdline, "", ""},  // another user, whose name wasn't told
        {"700", "alice", "", "", ""},  // another program, whose arguments weren't told
    };
    CHECK(wireshark.fields(path, names) == seen);
    CHECK(wireshark.fields(path, names, {"-2"}) == seen);
}

TEST_CASE("a newer introduction replaces the older one from its packet on, in every pass") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    Strings comments;
    std::vector<Row> seen;
    for (int user = 0; user < 40; ++user) {
        const std::string process =
            fmt::format("pid=5 comm=smbd uid={} st=1763650000000000000 via=socket", user);
        comments.push_back(process + fmt::format(" user=u{0} ppid=1 cmdline=c{0}", user));
        comments.push_back(process);
        comments.push_back("pid=5 comm=smbd uid=1000 st=1763650000000000000 via=socket");
        const std::string name = fmt::format("u{}", user);
        const std::string command = fmt::format("c{}", user);
        seen.insert(seen.end(), {{name, "1", command}, {name, "1", command}, {"", "1", command}});
    }
    write_comments(path, comments);
    const Strings names = {"process.user", "process.ppid", "process.cmdline"};
    CHECK(wireshark.fields(path, names) == seen);
    CHECK(wireshark.fields(path, names, {"-2"}) == seen);
    CHECK(wireshark.count(path, "process.user == \"u7\"", {"-2", "-R", "process.user"}) == 2);
    // Lines, for which tshark needs no field but this. The third comment is always the same.
    CHECK(lines(wireshark.tshark({"-r", path, "-Y", "process.cmdline == \"c7\""})).size() == 3);
}

TEST_CASE("a filter on one field alone finds the packets that have it") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    // The same comments again, before and after the introduction, and at the other end.
    const std::string known = std::string(kCurl) + " at=sender" + kNginx;
    write_comments(path, {kCurl, known, known + kCurlIntroduction, kCurl, known,
                          std::string(kCurl) + " at=receiver", "via=unknown", ""});
    for (const auto& [name, count] : std::map<std::string, size_t>{{"process.pid", 6},
                                                                   {"process.start", 6},
                                                                   {"process.via", 7},
                                                                   {"process.cmdline", 4},
                                                                   {"process.exe_inode", 4},
                                                                   {"process.peer.pidns", 3},
                                                                   {"process.at == \"sender\"", 5},
                                                                   {"process.peer.at", 3},
                                                                   {"process.any.comm", 6},
                                                                   {"process.sender.exe", 5},
                                                                   {"process.receiver.id", 4},
                                                                   {"process.color", 6},
                                                                   {"pidcap", 7}}) {
        INFO(name);
        // Lines, for which tshark needs no fields but these. With -T fields it needs all.
        CHECK(lines(wireshark.tshark({"-r", path, "-Y", name})).size() == count);
    }
    // The second pass asks for what the first doesn't, a column.
    CHECK(lines(wireshark.tshark({"-r", path, "-2", "-R", "process.pid == 812", "-o",
                                  "gui.column.format:\"Any\",\"%Cus:process.any.comm\""})) ==
          Strings{"curl", "curl,nginx", "curl,nginx", "curl", "curl,nginx", "curl"});
}

TEST_CASE("two passes show the same as one") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    Strings comments;
    std::set<int> told;  // pid and start repeat after 20
    size_t known = 0;
    for (int i = 0; i < 300; ++i) {
        std::string comment = fmt::format(
            "pid={} comm=c{} uid=0 st=17636500{:02}000000000 via=socket", i % 5, i % 17, i % 4);
        if (i % 3 == 0) {
            told.insert(i % 20);
            comment += fmt::format(" ppid={} cmdline=c%20{}", i, i);
        }
        comments.push_back(comment);
        known += told.count(i % 20);
    }
    write_comments(path, comments);
    const std::vector<Row> once = wireshark.fields(path, all_names());
    REQUIRE(once.size() == 300);
    CHECK(wireshark.count(path, "process.ppid") == known);
    CHECK(wireshark.fields(path, all_names(), {"-2"}) == once);
}

TEST_CASE("the first twelve names have colours of their own") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    Strings comments;
    for (int i = 0; i < 26; ++i) {
        comments.push_back(fmt::format("pid={} comm=p{} via=socket", i, i % 13));
    }
    comments.push_back("via=kernel");
    write_comments(path, comments);
    const std::vector<Row> seen = wireshark.fields(path, {"process.color"});
    REQUIRE(seen.size() == 27);
    for (size_t i = 0; i < 26; ++i) {
        CHECK(seen[i][0] == std::to_string(i % 13 % 12));
    }
    CHECK(seen[26][0].empty());
    CHECK(wireshark.fields(path, {"process.color"}, {"-2"}) == seen);
}

TEST_CASE("a packet has one line for each end, with who it is") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(path, {std::string(kCurl) + kNginx + " user=alice", "via=forwarded"});
    const std::string seen = wireshark.tshark({"-r", path, "-V"});
    for (const char* line :
         {"\nProcess: curl (812), sender, user alice, via socket\n    PID: 812\n",
          "\n    End: sender\n", "\n    Peer end: receiver\n",
          "\nPeer process: nginx (77), receiver, uid 33, via lookup\n    Peer PID: 77\n",
          "\nProcess: none, via forwarded\n    Found via: forwarded\n"}) {
        INFO(line);
        CHECK(contains(seen, line));
    }
    // These are for filters.
    for (const char* hidden : {"either end", "of the sender", "of the receiver", "Color:"}) {
        INFO(hidden);
        CHECK_FALSE(contains(seen, hidden));
    }
}

TEST_CASE("a packet whose process was not found has a note, one of the kernel has none") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(path, {"via=unknown", "via=kernel", "via=forwarded", "pid=1 via=socket", ""});
    CHECK(wireshark.count(path, "process.unknown") == 1);
    CHECK(wireshark.count(path, "_ws.expert.message contains \"process\"") == 1);
    const std::string seen = wireshark.tshark({"-r", path, "-q", "-z", "expert,note"});
    CHECK(contains(seen, "Notes (1)"));
}

TEST_CASE("each packet says at which end its processes are") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    const std::string nginx = " peer.pid=77 peer.comm=nginx peer.exe=/n peer.st=2 peer.via=lookup";
    struct Packet {
        std::string interface;
        pcapng::Direction direction;
        std::string comment;
        Row row;  // process.at, process.peer.at, process.sender.comm, process.receiver.comm
        std::string info;
    };
    constexpr auto kIn = pcapng::Direction::kInbound;
    constexpr auto kOut = pcapng::Direction::kOutbound;
    constexpr auto kUnknown = pcapng::Direction::kUnknown;
    const std::vector<Packet> packets = {
        {"lo", kOut, "pid=5 comm=curl", {"sender", "", "curl", ""}, "[curl 5 ->]"},
        {"lo", kOut, "pid=5 comm=curl at=receiver", {"receiver", "", "", "curl"}, "[-> curl 5]"},
        {"lo",
         kOut,
         "pid=5 comm=curl" + nginx,
         {"sender", "receiver", "curl", "nginx"},
         "[curl 5 -> nginx 77]"},
        {"eth0",
         kIn,
         "pid=5 comm=curl" + nginx,
         {"receiver", "sender", "nginx", "curl"},
         "[nginx 77 -> curl 5]"},
        {"eth0", kIn, "pid=5 comm=curl at=sender", {"sender", "", "curl", ""}, "[curl 5 ->]"},
        {"lo",
         kOut,
         "pid=5 comm=curl at=unknown" + nginx,
         {"unknown", "unknown", "", ""},
         "[curl 5 -- nginx 77]"},
        {"eth0", kIn, "pid=5 comm=curl at=middle", {"unknown", "", "", ""}, "[curl 5 --]"},
        {"eth0", kUnknown, "pid=5 comm=curl", {"unknown", "", "", ""}, "[curl 5 --]"},
        {"eth0", kOut, "via=kernel", {"", "", "", ""}, ""},
        // Another tool's: on loopback the direction says nothing of the end.
        {"eth0", kIn, "PID: 5\nCmd: /c", {"receiver", "", "", ""}, "[-> c 5]"},
        {"lo", kIn, "PID: 5\nCmd: /c", {"unknown", "", "", ""}, "[c 5 --]"},
    };
    pcapng::Writer writer = open_writer(path);
    need(writer.add_interface({.name = "eth0"}));
    need(writer.add_interface({.name = "lo"}));
    const Bytes frame = udp_frame();
    std::vector<Row> rows;
    for (const Packet& packet : packets) {
        need(writer.packet({.interface_id = packet.interface == "lo" ? 1u : 0u,
                            .time_ns = 1763650000000000000 + rows.size(),
                            .data = frame,
                            .wire_length = static_cast<uint32_t>(frame.size()),
                            .direction = packet.direction,
                            .comment = packet.comment}));
        rows.push_back(packet.row);
    }
    need(writer.close());
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    const Strings names = {"process.at", "process.peer.at", "process.sender.comm",
                           "process.receiver.comm"};
    CHECK(wireshark.fields(path, names) == rows);
    CHECK(wireshark.fields(path, names, {"-2"}) == rows);
    const auto seen = lines(wireshark.tshark({"-r", path, "-o", "pidcap.info:TRUE"}));
    REQUIRE(seen.size() == packets.size());
    for (size_t i = 0; i < packets.size(); ++i) {
        INFO(packets[i].comment);
        CHECK(contains(seen[i], "Len=16" + (packets[i].info.empty() ? "" : " " + packets[i].info)));
        CHECK(contains(seen[i], "[") == !packets[i].info.empty());
    }
    CHECK(wireshark.count(path, "process.sender.pid == 5") == 3);
    CHECK(wireshark.count(path, "process.receiver.pid == 5") == 3);
    CHECK(wireshark.count(path, "process.receiver.id == \"77-2\"") == 1);
    CHECK(wireshark.count(path, "process.sender.exe == \"/n\"") == 1);
    CHECK(wireshark.count(path, "process.at == \"unknown\"") == 4);
    // Lines, for which tshark needs no field but this. One comment is seen at both ends.
    for (const char* filter :
         {"process.sender.comm == \"nginx\"", "process.receiver.comm == \"nginx\""}) {
        INFO(filter);
        CHECK(lines(wireshark.tshark({"-r", path, "-Y", filter})).size() == 1);
    }
    CHECK(contains(wireshark.tshark({"-r", path, "-V"}),
                   "\nProcess: curl (5), sender or receiver\n"));
}

TEST_CASE("the Info column names the process only where that is wanted") {
    const Wireshark wireshark;
    const std::string path = wireshark.file("a.pcapng");
    write_comments(path, {kCurl, "via=kernel"});
    CHECK_FALSE(contains(wireshark.tshark({"-r", path}), "[curl 812"));
    const auto seen = lines(wireshark.tshark({"-r", path, "-o", "pidcap.info:TRUE"}));
    REQUIRE(seen.size() == 2);
    CHECK(contains(seen[0], "Len=16 [curl 812 ->]"));
    CHECK_FALSE(contains(seen[1], "["));
}
