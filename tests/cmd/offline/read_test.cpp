// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap read` on files that a FileSink writes: against the lines of the live view, tcpdump,
// editcap, tshark and Python.
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "capture/file_sink.h"
#include "packet/line/packet_line.h"
#include "pcapng/writer.h"
#include "tests/packet/line/packet_bytes.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"

using Catch::Contains;
using test::Bytes;
using test::output_of;
using test::run;
using test::operator+;

namespace {

constexpr uint64_t kStart = 1763650000'000000000;  // 2025-11-20 14:46:40 UTC
constexpr uint64_t kHalfSecond = 500'000'000;
constexpr int kPackets = 60;

template <typename T>
T need(pcapng::Result<T> result) {
    INFO((result ? std::string() : result.error().message));
    REQUIRE(result);
    return *std::move(result);
}

void need(const pcapng::Result<void>& result) {
    INFO((result ? std::string() : result.error().message));
    REQUIRE(result);
}

constexpr std::array<uint16_t, 4> kLinkTypes = {1, 101, 113, 276};

// What stands before an IP packet.
Bytes link_layer(uint16_t link_type, bool ip6) {
    const unsigned type = ip6 ? 0x86dd : 0x800;
    switch (link_type) {
        case 1:
            return test::ethernet(type, {});
        case 113:
            return test::be16(0) + test::be16(1) + test::be16(6) + Bytes(8) + test::be16(type);
        case 276:
            return test::be16(type) + Bytes(18);
        default:
            return {};
    }
}

Bytes packet_bytes(uint16_t link_type, int number) {
    const bool ip6 = number % 4 == 3;
    const Bytes payload = number % 3 == 0 ? test::udp(static_cast<size_t>(number))
                                          : test::tcp(number % 5 == 0 ? 2 : 0x18, 1, 1, 9);
    const unsigned protocol = number % 3 == 0 ? IPPROTO_UDP : IPPROTO_TCP;
    return link_layer(link_type, ip6) +
           (ip6 ? test::ipv6(protocol, payload) : test::ipv4(protocol, payload));
}

// A capture of bash[10], curl[20], which it started, and nginx[30], and the kernel.
class Capture {
  public:
    explicit Capture(uint16_t link_type = 1) {
        setenv("TZ", "UTC", 1);
        auto sink = need(capture::FileSink::create(need(pcapng::Output::open_file(path())), {},
                                                   "tier=locked tracing=syscalls"));
        packet::Interface interface;
        interface.link_type = link_type;
        interface.snaplen = 262144;
        interface.name = "lo";
        need(sink.interface(interface));
        const packet::Process bash = process(0, 10, 1, "bash", "root", 0);
        const packet::Process curl = process(1, 20, 10, "curl", "alice", 1000);
        const packet::Process nginx = process(2, 30, 1, "nginx: worker", "www-data", 33);
        packet::PacketLine line({});
        packet::PacketLine verbose({.verbose = 1});
        for (int number = 0; number < kPackets; number++) {
            const Bytes data = packet_bytes(link_type, number);
            packet::Packet packet;
            packet.time_ns = kStart + static_cast<uint64_t>(number) * kHalfSecond;
            packet.interface = &interface;
            packet.direction =
                number % 2 == 0 ? packet::Direction::kOutbound : packet::Direction::kInbound;
            packet.data = test::octets(data);
            packet.wire_length = static_cast<uint32_t>(data.size());
            if (number % 7 == 0) {
                packet.self.via = packet::Via::kKernel;
            } else {
                const packet::Process& self = number % 5 == 0 ? bash : curl;
                packet.self = end(self);
                packet.self_at = packet::at_by_direction(packet.direction);
                if (number % 3 == 0) {
                    packet.peer = end(nginx);
                }
            }
            need(sink.packet(packet));
            line.append(lines_, packet);
            verbose.append(verbose_, packet);
        }
        need(sink.finish({}));
    }

    std::string path() const { return folder_.file("capture.pcapng"); }
    std::string file(const std::string& name) const { return folder_.file(name); }
    // As the live view prints them.
    std::string lines() const { return fmt::to_string(lines_); }
    std::string verbose_lines() const { return fmt::to_string(verbose_); }

  private:
    static packet::Process process(uint32_t number, uint32_t pid, uint32_t ppid, const char* comm,
                                   const char* user, uint32_t uid) {
        packet::Process process;
        process.number = number;
        process.pid = pid;
        process.start_ns = kStart - 1'000'000'000 + pid;
        process.ppid = ppid;
        process.comm = comm;
        process.parent_comm = ppid == 1 ? "init" : "bash";
        process.exe = std::string("/usr/bin/") + comm;
        process.user = user;
        process.uid = uid;
        process.version = 1;
        return process;
    }
    static packet::End end(const packet::Process& process) {
        return {.process = &process,
                .tid = process.pid + 1,
                .via = packet::Via::kSocket,
                .uid = process.uid,
                .user = process.user};
    }

    test::TemporaryFolder folder_;
    fmt::memory_buffer lines_;
    fmt::memory_buffer verbose_;
};

std::string read(const Capture& capture, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {PIDCAP, "read", capture.path()});
    return output_of(options);
}

long lines_in(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
}

}  // namespace

TEST_CASE("a file's lines are those that its capture would have printed") {
    for (const uint16_t link_type : kLinkTypes) {
        CAPTURE(link_type);
        const Capture capture(link_type);
        CHECK(read(capture) == capture.lines());
        CHECK(read(capture, {"-v"}) == capture.verbose_lines());
    }
}

TEST_CASE("an expression chooses the packets that tcpdump chooses") {
    for (const uint16_t link_type : kLinkTypes) {
        const Capture capture(link_type);
        for (const char* expression :
             {"tcp", "udp", "ip6", "ip and tcp", "port 40001", "host 10.0.0.1",
              "dst net 10.0.0.0/24", "tcp[tcpflags] & tcp-syn != 0", "greater 60", "less 70",
              "not tcp", "portrange 1-2", "ip broadcast", "udp and ip[8] < 65"}) {
            CAPTURE(link_type, expression);
            const std::string theirs =
                output_of({"tcpdump", "-n", "-r", capture.path(), expression});
            CHECK(lines_in(read(capture, {"--filter", expression})) == lines_in(theirs));
        }
    }
}

TEST_CASE("a filter may stand in a file, and one that fits no packet is told") {
    const Capture capture;
    std::ofstream(capture.file("filter")) << "udp # the rest is a comment\n or ip6\n";
    CHECK(read(capture, {"-F", capture.file("filter")}) ==
          read(capture, {"--filter", "udp or ip6"}));
    const auto wrong = run({PIDCAP, "read", capture.path(), "--filter", "tcp prot"});
    CHECK(wrong.status == 2);
    CHECK_THAT(wrong.err, Contains("at \"prot\""));
    const Capture raw(101);
    const auto senseless = run({PIDCAP, "read", raw.path(), "--filter", "ether multicast"});
    CHECK(senseless.status == 0);
    CHECK(senseless.out.empty());
    CHECK(lines_in(senseless.err) == 1);
    CHECK_THAT(senseless.err, Contains("link type RAW (101)"));
}

TEST_CASE("a filter without meaning for one link type chooses among the others") {
    const std::string mixed = TEST_DATA "/mixed.pcapng";
    for (const char* filter : {"udp", "ether host 02:00:00:00:00:01"}) {
        CAPTURE(filter);
        for (const char* command : {"read", "flows", "processes"}) {
            const auto result = run({PIDCAP, command, "--filter", filter, mixed});
            CHECK(result.status == 0);
            CHECK_THAT(result.err, Contains("on packets of link type USB_LINUX_MMAPPED (220)") ||
                                       Contains("on packets of link type USB_LINUX (189)"));
        }
    }
    const std::string shown =
        output_of({"tshark", "-nr", mixed, "-Y", "udp", "-T", "fields", "-e", "udp.dstport"});
    CHECK(lines_in(shown) > 1);
    CHECK(lines_in(output_of({PIDCAP, "read", "--filter", "udp", mixed})) == lines_in(shown));
}

TEST_CASE("a block that makes no sense is told once by every command, and nothing is missing") {
    const std::string file = TEST_DATA "/isb.pcapng";
    const test::TemporaryFolder folder;
    const std::string out = folder.file("out");
    const std::vector<std::vector<std::string>> commands = {
        {"read", file},
        {"flows", file},
        {"processes", file},
        {"export", "--format", "csv", "--table", "packets", file},
        {"report", file, "-o", folder.file("page")},
        {"extract", file, "-w", out},
        {"merge", file, "-w", folder.file("merged")}};
    for (const std::vector<std::string>& command : commands) {
        std::vector<std::string> call = command;
        call.insert(call.begin(), PIDCAP);
        const auto result = run(call);
        INFO(result.err);
        CHECK(result.status == 0);
        CHECK_THAT(result.err, Contains("pidcap " + command[0] + ": ") &&
                                   Contains("statistics of interface") &&
                                   Contains("; 1 such block is passed over\n"));
    }
    CHECK(lines_in(output_of({"tshark", "-nr", out})) ==
          lines_in(output_of({"tshark", "-nr", file})));
}

TEST_CASE("a packet that claims to have had fewer bytes than were captured isn't looked into") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("f.pcapng");
    const Bytes frame = test::ethernet(0x800, test::ipv4(6, test::tcp(2, 1, 0, 0)));
    const std::span<const uint8_t> data(reinterpret_cast<const uint8_t*>(frame.data()),
                                        frame.size());
    const auto length = static_cast<uint32_t>(frame.size());
    {
        auto writer = need(pcapng::Writer::create(need(pcapng::Output::open_file(path)), {}));
        (void)need(writer.add_interface({}));
        for (const uint32_t wire_length : {length, length - 1, 0U}) {
            need(writer.packet({.time_ns = kStart, .data = data, .wire_length = wire_length}, {}));
        }
        need(writer.close());
    }
    const auto headers = [](const std::string& text) {
        std::vector<std::string> found;
        for (size_t at = text.find("[Invalid header"); at != std::string::npos;
             at = text.find("[Invalid header", at + 1)) {
            found.push_back(text.substr(at, text.find(']', at) - at));
        }
        return found;
    };
    const auto theirs = headers(output_of({"tcpdump", "-nr", path}));
    REQUIRE(theirs.size() == 2);
    CHECK(headers(output_of({PIDCAP, "read", path})) == theirs);
    // The same in what is counted and in what is written.
    CHECK(lines_in(output_of({PIDCAP, "flows", "--json", path})) == 1);
    CHECK_THAT(output_of({PIDCAP, "flows", "--json", path}), Contains("\"a_packets\":1,"));
    for (const char* filter : {"tcp", "less 10"}) {
        CHECK(lines_in(output_of({PIDCAP, "read", "--filter", filter, path})) ==
              lines_in(output_of({"tcpdump", "-nr", path, filter})));
    }
    output_of({PIDCAP, "extract", path, "-w", folder.file("copy")});
    CHECK(output_of({PIDCAP, "read", folder.file("copy")}) == output_of({PIDCAP, "read", path}));
}

TEST_CASE("a time window has the packets that editcap keeps") {
    const Capture capture;
    const std::string out = capture.file("window.pcapng");
    output_of({"editcap", "-A", "2025-11-20 14:46:45", "-B", "2025-11-20 14:47:00.500",
               capture.path(), out});
    const std::string theirs =
        output_of({"tshark", "-r", out, "-T", "fields", "-e", "frame.number"});
    REQUIRE(lines_in(theirs) > 0);
    const std::vector<std::vector<std::string>> windows = {
        {"--after", "2025-11-20T14:46:45", "--before", "2025-11-20T14:47:00.5Z"},
        {"--after", "14:46:45", "--before", "14:47:00.5"},
        {"--after", "@1763650005", "--before", "@1763650020.500"},
        {"--after", "+5s", "--before", "+20.5"}};
    for (const std::vector<std::string>& window : windows) {
        CAPTURE(window);
        CHECK(read(capture, window) == output_of({PIDCAP, "read", out}));
    }
}

TEST_CASE("conditions on processes choose the packets whose comments say so") {
    const Capture capture;
    const auto frames = [&](const std::string& filter) {
        return lines_in(output_of({"tshark", "-r", capture.path(), "-Y", filter}));
    };
    CHECK(lines_in(read(capture, {"--pid", "20"})) == frames("frame.comment contains \"pid=20 \""));
    CHECK(lines_in(read(capture, {"--comm", "nginx*"})) ==
          frames("frame.comment contains \"comm=nginx\""));
    CHECK(lines_in(read(capture, {"--user", "www-data"})) ==
          frames("frame.comment contains \"uid=33\""));
    CHECK(lines_in(read(capture, {"--kernel"})) == frames("frame.comment contains \"via=kernel\""));
    CHECK(read(capture, {"--kernel"}) == read(capture, {"--unattributed"}));
    CHECK(lines_in(read(capture, {"--comm", "curl", "--filter", "udp"})) ==
          frames("frame.comment contains \"comm=curl \" && udp"));
    CHECK(read(capture, {"--tree", "10"}) == read(capture, {"--process", "pid in {10, 20}"}));
    CHECK(read(capture, {"--comm", "bash", "-f"}) == read(capture, {"--tree", "10"}));
}

TEST_CASE("-c counts the wanted packets, through all files") {
    const Capture capture;
    CHECK(read(capture, {"-c", "7"}) == output_of({PIDCAP, "read", "-c", "7", capture.path()}));
    CHECK(lines_in(read(capture, {"-c", "7"})) == 7);
    CHECK(lines_in(read(capture, {"--pid", "10", "-c", "3"})) == 3);
    CHECK(lines_in(read(capture, {capture.path(), "-c", "70"})) == 70);
    CHECK(lines_in(read(capture, {capture.path()})) == 2 * kPackets);
}

TEST_CASE("option --json is JSON to Python, and names the processes that tshark shows") {
    const Capture capture;
    std::ofstream(capture.file("rows.json")) << read(capture, {"--json"});
    const std::string pids = output_of(
        {"python3", "-c",
         "import json, sys\n"
         "for line in open(sys.argv[1]):\n"
         "    row = json.loads(line)\n"
         "    print(row['number'], row['length'], row['pid'] or '', row['peer_pid'] or '',\n"
         "          row['source_port'], sep='\\t')\n",
         capture.file("rows.json")});
    const std::string theirs = output_of(
        {"python3", "-c",
         "import re, subprocess, sys\n"
         "out = subprocess.run(['tshark', '-r', sys.argv[1], '-T', 'fields', '-e', "
         "'frame.number',\n"
         "                      '-e', 'frame.len', '-e', 'frame.comment', '-e', 'tcp.srcport',\n"
         "                      '-e', 'udp.srcport'],\n"
         "                     capture_output=True, text=True, check=True).stdout\n"
         "for line in out.splitlines():\n"
         "    number, length, comment, tcp, udp = line.split('\\t')\n"
         "    pid = re.search(r'(?:^| )pid=(\\d+)', comment)\n"
         "    peer = re.search(r' peer\\.pid=(\\d+)', comment)\n"
         "    print(number, length, pid[1] if pid else '', peer[1] if peer else '', tcp or udp,\n"
         "          sep='\\t')\n",
         capture.path()});
    CHECK(lines_in(pids) == kPackets);
    CHECK(pids == theirs);
}

TEST_CASE("option --tree has every line once, below its process and that below its parent") {
    const Capture capture;
    const std::string tree = read(capture, {"--tree"});
    CHECK_THAT(tree, Catch::StartsWith("init[1]\n"));
    CHECK_THAT(tree, Contains("  bash[10] exe=/usr/bin/bash user=root: "));
    CHECK_THAT(tree, Contains("    curl[20] exe=/usr/bin/curl user=alice: "));
    CHECK_THAT(tree, Contains("\n(kernel): 9 packets, "));
    std::vector<std::string> ours;
    std::vector<std::string> expected;
    const auto split = [](const std::string& text, std::vector<std::string>& to) {
        for (size_t at = 0; at < text.size();) {
            const size_t end = text.find('\n', at);
            std::string line = text.substr(at, end - at);
            line.erase(0, line.find_first_not_of(' '));
            if (line.starts_with("14:4")) {  // a packet's, not a heading
                to.push_back(line);
            }
            at = end + 1;
        }
        std::sort(to.begin(), to.end());
    };
    split(tree, ours);
    split(capture.lines(), expected);
    CHECK(ours == expected);
}

TEST_CASE("a tree of which the file knows no process is told") {
    const Capture capture;
    const auto told = [&](const std::string& pid) {
        const auto result = run({PIDCAP, "read", "--tree", pid, capture.path()});
        CHECK(result.status == 0);
        return result.err;
    };
    CHECK(told("7") == "pidcap read: no process 7 in " + capture.path() + "\n");
    CHECK(told("10").empty());
    CHECK(told("1").empty());  // of which the file knows children
}

TEST_CASE("of a broken file what is readable is printed, and where it breaks is told") {
    const Capture capture;
    const auto size = std::filesystem::file_size(capture.path());
    std::filesystem::resize_file(capture.path(), size / 2);
    for (const char* form : {"-q", "--json", "--tree"}) {
        const auto result = run({PIDCAP, "read", form, capture.path()});
        CAPTURE(form, result.err);
        CHECK(result.status == 1);
        CHECK(lines_in(result.out) > 10);
        CHECK_THAT(result.err, Contains(capture.path()) && Contains("byte"));
    }
    const auto none = run({PIDCAP, "read", capture.file("none")});
    CHECK(none.status == 1);
    CHECK_THAT(none.err, Contains("none") && Contains("No such file"));
}

TEST_CASE("a complaint comes behind the lines that were readable") {
    const Capture capture;
    std::filesystem::resize_file(capture.path(), std::filesystem::file_size(capture.path()) / 2);
    const std::string both =
        output_of({"sh", "-c", "\"$0\" read \"$1\" 2>&1; true", PIDCAP, capture.path()});
    const std::string last = both.substr(both.rfind('\n', both.size() - 2) + 1);
    CHECK_THAT(last, Catch::StartsWith("pidcap read: " + capture.path()));
    CHECK(lines_in(both) > 10);
}

TEST_CASE("packets of a pipe are printed as they come") {
    const Capture capture;
    const std::string out = capture.file("out");
    for (const char* form : {"-n", "--json"}) {
        // The pipe stays open until all lines are there, or for 10 seconds.
        const std::string script =
            "{ cat \"$1\"; for i in $(seq 100); do\n"
            "  [ $(wc -l <\"$2\") = 60 ] && { echo live >\"$2.live\"; break; }; sleep 0.1\n"
            "done; } | \"$0\" read $3 - >\"$2\"";
        std::filesystem::remove(out + ".live");
        std::ofstream(out).close();
        output_of({"sh", "-c", script, PIDCAP, capture.path(), out, form});
        CAPTURE(form);
        CHECK(std::filesystem::exists(out + ".live"));
    }
}

TEST_CASE("standard input is a file, and a reader who leaves ends it quietly") {
    const Capture capture;
    const std::string script = "cat \"$1\" | \"$0\" read - ";
    CHECK(output_of({"sh", "-c", script, PIDCAP, capture.path()}) == capture.lines());
    std::vector<std::string> many = {"bash", "-c",
                                     "set -o pipefail; \"$0\" read \"$@\" | head -n 1", PIDCAP};
    many.insert(many.end(), 300, capture.path());
    const auto result = run(many);
    CHECK(result.status == 0);
    CHECK(lines_in(result.out) == 1);
    CHECK(result.err.empty());
}

TEST_CASE("behind -- stand files, whatever their names look like") {
    const Capture capture;
    std::filesystem::copy_file(capture.path(), capture.file("--json"));
    CHECK(output_of({"sh", "-c", "cd \"$1\" && \"$0\" read -q -- --json", PIDCAP,
                     std::filesystem::path(capture.path()).parent_path()}) ==
          read(capture, {"-q"}));
    CHECK(output_of({PIDCAP, "read", "--", capture.path()}) == capture.lines());
}

TEST_CASE("an unknown option is told in the same words by every command on files") {
    const Capture capture;
    for (const char* command : {"read", "processes", "flows", "export", "extract"}) {
        for (const char* option : {"--no-such", "--no-such=5", "-k"}) {
            const auto result = run({PIDCAP, command, capture.path(), option});
            CAPTURE(command, option, result.err);
            CHECK(result.status == 2);
            CHECK_THAT(result.err,
                       Catch::StartsWith(std::string("pidcap: ") + option + ": no such option\n"));
        }
    }
}

TEST_CASE("a capture file in the place of a filter is told how to be read") {
    const Capture capture;
    const auto result = run({PIDCAP, "-d", capture.path(), "tcp"});
    CHECK(result.status == 1);
    CHECK_THAT(result.err, Contains("; to read a file: pidcap read " + capture.path()));
    const auto filter = run({PIDCAP, "-d", "tcp", "prot"});
    CHECK(filter.status == 1);
    CHECK_THAT(filter.err, !Contains("to read a file"));
}

TEST_CASE("words behind the files that are no files are a filter") {
    const Capture capture;
    const std::string expected = read(capture, {"-S", "--filter", "ip and tcp"});
    CHECK(!expected.empty());
    CHECK(run({PIDCAP, "read", "-S", capture.path(), "ip", "and", "tcp"}).out == expected);
    CHECK(run({PIDCAP, "read", "-S", capture.path(), "ip and tcp"}).out == expected);
    CHECK(run({PIDCAP, "-Snr", capture.path(), "ip", "and", "tcp"}).out == expected);
    const auto twice = run({PIDCAP, "read", "-S", capture.path(), capture.path(), "ip and tcp"});
    CHECK(twice.out == expected + expected);
    const auto tcpdump = run({"tcpdump", "-nr", capture.path(), "ip", "and", "tcp"});
    CHECK(std::count(tcpdump.out.begin(), tcpdump.out.end(), '\n') ==
          std::count(expected.begin(), expected.end(), '\n'));
    SECTION("which is wrong before anything is printed") {
        const auto wrong = run({PIDCAP, "read", capture.path(), "nosuch.pcap"});
        CHECK(wrong.status == 2);
        CHECK(wrong.out.empty());
        CHECK_THAT(wrong.err, Contains("nosuch.pcap: neither a file nor a filter"));
        CHECK(run({PIDCAP, "read", "--filter", "udp", capture.path(), "tcp"}).status == 2);
    }
}

TEST_CASE("what nothing in the file has is named, what something had is not") {
    const Capture capture;
    const auto said = [&](const std::vector<std::string>& options) {
        std::vector<std::string> command = {PIDCAP, "read", capture.path()};
        command.insert(command.end(), options.begin(), options.end());
        const auto result = run(command);
        CHECK(result.status == 0);
        return result.err;
    };
    const std::string in = " in " + capture.path() + "\n";
    CHECK(said({"--user", "nosuch"}) == "pidcap read: no process that matches --uid nosuch" + in);
    CHECK(said({"--comm", "curl", "--comm", "nosuch*"}) ==
          "pidcap read: no process that matches --comm nosuch*" + in);
    CHECK(said({"--pid", "4711"}) == "pidcap read: no process 4711" + in);
    CHECK(said({"--user", "alice", "--comm", "curl"}).empty());
    for (const std::string command : {"processes", "flows"}) {
        CHECK_THAT(run({PIDCAP, command, capture.path(), "--user", "nosuch"}).err,
                   Contains("no process that matches --uid nosuch"));
    }
}

TEST_CASE("a date alone is its midnight") {
    const Capture capture;
    CHECK(read(capture, {"--after", "2015-01-01"}) == capture.lines());
    CHECK(read(capture, {"--before", "2015-01-01"}).empty());
}

TEST_CASE("a wrong command line of read is refused") {
    for (const std::vector<std::string>& wrong :
         std::vector<std::vector<std::string>>{{},
                                               {"--json", "--tree", "x"},
                                               {"--no-such", "x"},
                                               {"--gid", "0", "x"},
                                               {"--after", "soon", "x"},
                                               {"--after", "+5s", "--before", "+5s", "x"},
                                               {"--filter", "tcp", "-F", "y", "x"}}) {
        std::vector<std::string> words = {PIDCAP, "read"};
        words.insert(words.end(), wrong.begin(), wrong.end());
        const auto result = run(words);
        CAPTURE(wrong);
        CHECK(result.status == 2);
        CHECK_THAT(result.err, Contains("Try 'pidcap read --help'"));
    }
}

TEST_CASE("a file's name commands no terminal, whatever is wrong with the file") {
    const test::TemporaryFolder folder;
    const std::string shown = "a\\x1b[31m\\x0ab";
    const std::string name = folder.file("a\x1b[31m\nb");
    for (const char* content : {"", "no capture", "\x0a\x0d\x0d\x0a cut"}) {
        std::ofstream(name) << content;
        const auto result = run({PIDCAP, "read", name});
        INFO(result.err);
        CHECK(result.status == 1);
        CHECK_THAT(result.err, Contains(shown));
        CHECK_THAT(result.err, !Contains("\x1b"));
    }
    CHECK_THAT(run({PIDCAP, "read", name + "none"}).err, Contains("open ") && Contains(shown));
}
