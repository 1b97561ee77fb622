// SPDX-License-Identifier: GPL-2.0-only
//
// pidcap as an interface of Wireshark: driven by tshark as an ordinary user, and, where only
// Wireshark's window could, by a peer that speaks as it does.
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cmd/wireshark/dialog.h"
#include "pcapng/text.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/child.h"
#include "tests/support/process_status.h"
#include "tests/support/traffic.h"
#include "tests/wireshark/extcap.h"
#include "tests/wireshark/wireshark.h"

using namespace test;
using extcap::Command;
using extcap::kCaptured;
using extcap::kDropped;
using extcap::kLog;
using extcap::kProcessFilter;
using extcap::Message;

namespace {

// A ping of lo under another name, twenty times a second.
class Pinger {
  public:
    Pinger(const Netns& netns, const std::string& name)
        : process_(Launch{.arguments = {program(name), "-q", "-i", "0.05", "127.0.0.1"},
                          .netns = &netns}) {}

  private:
    std::string program(const std::string& name) const {
        std::filesystem::copy_file("/usr/bin/ping", folder_.file(name));
        return folder_.file(name);
    }

    TemporaryFolder folder_;
    Process process_;
};

std::set<std::string> names_in(const std::string& file, const std::string& filter = {}) {
    std::set<std::string> names;
    for (const auto& row : fields_of(file, {"frame.comment"}, filter)) {
        const size_t at = row[0].find("comm=");
        REQUIRE(at != std::string::npos);
        names.insert(row[0].substr(at + 5, row[0].find(' ', at) - at - 5));
    }
    return names;
}

bool is_log_with(const Message& message, const std::string& part) {
    return message.control == kLog && message.command == Command::kAdd &&
           contains(message.payload, part);
}

void hear_listening(Extcap& extcap) {
    extcap.hear([](const Message& message) { return is_log_with(message, "listening on"); });
}

std::string answer_to(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {PIDCAP_EXTCAP};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return output_of(all);
}

// Words of a sentence: {"value", "arg=0", "value=7", …}.
std::vector<std::string> parts_of(const std::string& line) {
    std::vector<std::string> parts = {line.substr(0, line.find(' '))};
    size_t at = line.find('{');
    REQUIRE(at == parts[0].size() + 1);
    while (at < line.size()) {
        REQUIRE(line[at] == '{');
        const size_t end = line.find('}', at);
        REQUIRE(end != std::string::npos);
        parts.push_back(line.substr(at + 1, end - at - 1));
        at = end + 1;
    }
    return parts;
}

}  // namespace

TEST_CASE("tshark lists an interface for each that can be captured, and one for all") {
    Wireshark wireshark;
    wireshark.add_extcap(true);
    Netns netns;
    netns.ip("link add one type veth peer name two");
    const InNetns inside(netns);
    const std::string listed = wireshark.run({"-D"}).out;
    for (const char* name : {"any", "lo", "one", "two"}) {
        INFO(listed);
        CHECK(contains(listed, std::string("pidcap-") + name + " (pidcap: " + name + ")"));
    }
}

TEST_CASE("tshark captures ping by the extcap interface, as an ordinary user") {
    Wireshark wireshark;
    wireshark.add_extcap(true);
    const Netns netns;
    const Pinger ping(netns, "ping");
    const Pinger other(netns, "other-ping");
    const InNetns inside(netns);
    for (const char* interface : {"pidcap-lo", "pidcap-any"}) {
        const CommandResult result = wireshark.run(
            {"-i", interface, "-f", "icmp", "-c", "20", "-Y", "process.comm == \"ping\"", "-T",
             "fields", "-e", "icmp.type", "-e", "process.comm", "-e", "process.exe"});
        INFO(result.err);
        CHECK(result.status == 0);
        CHECK(contains(result.out, "8\tping\t"));
        CHECK(contains(result.out, "0\tping\t"));
        CHECK(contains(result.out, "/ping\n"));
        CHECK_FALSE(contains(result.out, "other"));
        CHECK_FALSE(contains(result.err, "Error"));
    }
}

TEST_CASE("what is chosen in the dialog narrows tshark's capture") {
    Wireshark wireshark;
    wireshark.add_extcap(true);
    const Netns netns;
    const Pinger one(netns, "one");
    const Pinger two(netns, "two");
    const InNetns inside(netns);
    const std::string file = wireshark.file("home/a.pcapng");
    const CommandResult result =
        wireshark.run({"-i", "pidcap-lo", "-o", "extcap.pidcap_lo.comm:two", "-o",
                       "extcap.pidcap_lo.snaplen:60", "-c", "10", "-w", file});
    INFO(result.err);
    REQUIRE(result.status == 0);
    require_readable(file);
    CHECK(names_in(file) == std::set<std::string>{"two"});
    CHECK(fields_of(file, {"frame.cap_len"}, "frame.cap_len == 60").size() == 10);
}

TEST_CASE("without capabilities tshark shows what to do, and doesn't hang") {
    Wireshark wireshark;
    wireshark.add_extcap(false);
    const CommandResult result = wireshark.run({"-i", "pidcap-lo", "-c", "1"});
    CHECK(contains(result.err, "CAP_BPF"));
    CHECK(contains(result.err, "sudo pidcap setup-wireshark"));
    CHECK(contains(result.err, "0 packets captured"));
    CHECK(result.status != 124);  // timeout(1)'s
}

TEST_CASE("a capture filter that is none is refused with its place, and doesn't hang") {
    Wireshark wireshark;
    wireshark.add_extcap(true);
    const CommandResult result = wireshark.run({"-i", "pidcap-lo", "-f", "tcp prt 443"});
    CHECK(contains(result.err, "syntax error at \"prt 443\""));
    CHECK(contains(result.err, "0 packets captured"));
    CHECK(result.status != 124);
}

TEST_CASE("a capture filter is checked while it is typed") {
    const std::vector<std::string> check = {"--extcap-interface", "pidcap-lo",
                                            "--extcap-capture-filter"};
    const auto answer = [&check](const std::string& filter) {
        std::vector<std::string> arguments = check;
        arguments.push_back(filter);
        return answer_to(arguments);
    };
    CHECK(answer("tcp port 443").empty());
    CHECK(answer("").empty());
    CHECK(answer("icmp or (udp and not port 53)").empty());
    CHECK(contains(answer("tcp prt 443"), "syntax error at \"prt 443\""));
    CHECK(contains(answer("tcp and"), "syntax error"));
    CHECK_FALSE(answer("--capture").empty());
    CHECK_FALSE(answer(std::string(100, '(')).empty());
}

TEST_CASE("the dialog names the running processes, whatever they call themselves") {
    const Child hostile([] { prctl(PR_SET_NAME, "a}{value=1}\n{\x1b"); });
    const std::string pid = std::to_string(hostile.pid());
    bool listed = false;
    std::set<std::string> calls;
    std::set<std::string> trees;
    std::set<std::string> processes;
    std::istringstream lines(answer_to({"--extcap-config", "--extcap-interface", "pidcap-any"}));
    for (std::string line; std::getline(lines, line);) {
        const auto parts = parts_of(line);
        if (parts[0] == "arg") {
            calls.insert(parts[2]);
            continue;
        }
        REQUIRE(parts[0] == "value");
        REQUIRE(parts.size() == 5);
        if (parts[1] == "arg=0" || parts[1] == "arg=1") {
            (parts[1] == "arg=0" ? processes : trees).insert(parts[2]);
        }
        if (parts[1] == "arg=0" && parts[2] == "value=" + pid) {
            listed = true;
            // Its arguments, which come behind, are those of this test.
            CHECK_THAT(parts[3],
                       Catch::StartsWith("display=" + pid + "  root  a][value=1]\\x0a[\\x1b"));
        }
    }
    CHECK(listed);
    CHECK(processes.size() > 1);
    CHECK(trees.contains("value=any"));
    CHECK(trees.contains("value=" + pid));
    CHECK(calls == std::set<std::string>{"call=--pid",
                                         "call=--tree",
                                         "call=--comm",
                                         "call=--user",
                                         "call=--container",
                                         "call=--container-name",
                                         "call=--image",
                                         "call=--pod",
                                         "call=--process",
                                         "call=--follow",
                                         "call=--hook",
                                         "call=--direction",
                                         "call=--sample",
                                         "call=--snaplen",
                                         "call=--process-blocks",
                                         "call=--tls-keys",
                                         "call=--tls-plaintext",
                                         "call=--event",
                                         "call=--tracepoint",
                                         "call=--container-addresses",
                                         "call=--host",
                                         "call=--no-host",
                                         "call=--no-packets"});

    const std::string again = answer_to(
        {"--extcap-config", "--extcap-interface", "pidcap-any", "--extcap-reload-option", "tree"});
    CHECK(contains(again, "{arg=1}{value=" + pid + "}"));
    CHECK_FALSE(contains(again, "{arg=0}"));
    // Nobody else's sockets can be seen at one interface.
    CHECK_FALSE(
        contains(answer_to({"--extcap-config", "--extcap-interface", "pidcap-lo"}), "cgroup"));
}

TEST_CASE("the toolbar changes whose packets are captured, back and forth") {
    const Netns netns;
    const Pinger one(netns, "one");
    const Pinger two(netns, "two");
    Extcap extcap(netns, "pidcap-lo", {"--comm", "one,two"});
    extcap.say({0, Command::kInitialized, ""});
    extcap.open_reader();
    hear_listening(extcap);
    extcap.read_packets(10);
    CHECK(names_in(extcap.file()) == std::set<std::string>{"one", "two"});

    const auto change = [&extcap](const std::string& expression, const std::string& said) {
        extcap.say({kProcessFilter, Command::kSet, expression});
        extcap.hear([&](const Message& message) { return is_log_with(message, said); });
        // What was captured before the change may come after the words.
        const auto heard = std::chrono::system_clock::now().time_since_epoch();
        const size_t before = fields_of(extcap.file(), {"frame.number"}).size();
        extcap.read_packets(before + 100);
        return names_in(extcap.file(), fmt::format("frame.time_epoch > {:.6f}",
                                                   std::chrono::duration<double>(heard).count()));
    };
    CHECK(change("comm = \"two\"", "processes with comm = \"two\"") ==
          std::set<std::string>{"two"});
    CHECK(change("not comm = \"two\"", "processes with not") == std::set<std::string>{"one"});
    CHECK(change("", "as chosen in the options") == std::set<std::string>{"one", "two"});

    extcap.process().signal(SIGTERM);
    CHECK(extcap.read_to_end() == 0);
    CHECK(extcap.process().err().empty());
}

TEST_CASE("an expression in the toolbar that is wrong is told, and changes nothing") {
    const Netns netns;
    const Pinger one(netns, "one");
    Extcap extcap(netns, "pidcap-lo");
    extcap.open_reader();
    hear_listening(extcap);
    extcap.say({kProcessFilter, Command::kSet, "comm ~ one"});
    extcap.hear([](const Message& message) {
        return message.command == Command::kWarning && message.control == kProcessFilter &&
               contains(message.payload, "comm ~ one");
    });
    extcap.read();
    extcap.read_packets(fields_of(extcap.file(), {"frame.number"}).size() + 10);
    CHECK(names_in(extcap.file()) == std::set<std::string>{"one"});
    extcap.process().signal(SIGTERM);
    CHECK(extcap.read_to_end() == 0);
}

TEST_CASE("the toolbar shows how many packets were captured, and the log has the last word") {
    const Loopback traffic;
    Extcap extcap(traffic.netns, "pidcap-lo",
                  {"--extcap-capture-filter", "udp", "--host", "web 1"});
    extcap.say({0, Command::kInitialized, ""});
    extcap.open_reader();
    hear_listening(extcap);
    CHECK(send_numbered(traffic.sender, 0, 1234, 100) == 1234);
    extcap.hear([](const Message& message) {
        return message == Message{kCaptured, Command::kSet, "1234"};
    });
    CHECK(extcap.value_of(kDropped) == "0");
    extcap.hear([](const Message& message) {
        return message == Message{kCaptured, Command::kDisable, ""};
    });
    extcap.process().signal(SIGTERM);
    CHECK(extcap.read_to_end() == 0);
    CHECK(contains(output_of({"capinfos", "-k", extcap.file()}), " host=web%201\n"));
    extcap.hear([](const Message& message) {
        return is_log_with(message, "1234 packets captured, 0 dropped");
    });
    CHECK(statistics_of(extcap.file()).delivered == 1234);
    require_readable(extcap.file());
}

TEST_CASE("noise in the toolbar's fifo doesn't end the capture") {
    const Netns netns;
    const Pinger one(netns, "one");
    Extcap extcap(netns, "pidcap-lo");
    extcap.open_reader();
    hear_listening(extcap);
    extcap.say({77, Command::kSet, "no such control"});
    extcap.say_bytes("GET / HTTP/1.0\r\n\r\n");
    extcap.read();
    extcap.read_packets(fields_of(extcap.file(), {"frame.number"}).size() + 10);
    extcap.process().signal(SIGTERM);
    CHECK(extcap.read_to_end() == 0);
    CHECK(extcap.process().err().empty());
}

TEST_CASE("a stop ends it, wherever it is") {
    const Netns netns;
    SECTION("before there is a reader") {
        Extcap extcap(netns, "pidcap-lo");
        extcap.process().signal(SIGTERM);
        CHECK(extcap.process().wait() == 0);
        CHECK(extcap.process().err().empty());
    }
    SECTION("while nothing happens") {
        Extcap extcap(netns, "pidcap-lo");
        extcap.open_reader();
        hear_listening(extcap);
        extcap.process().signal(SIGTERM);
        CHECK(extcap.read_to_end() == 0);
        CHECK(extcap.process().err().empty());
        CHECK(statistics_of(extcap.file()).blocks == 1);
    }
    SECTION("while the reader takes nothing") {
        const Loopback traffic;
        Extcap extcap(traffic.netns, "pidcap-lo");
        extcap.open_reader();
        hear_listening(extcap);
        CHECK(send_numbered(traffic.sender, 0, 2000, 1000) == 2000);
        extcap.process().signal(SIGTERM);
        CHECK(extcap.process().wait() == 1);
        CHECK_FALSE(extcap.process().err().empty());
    }
    CHECK_FALSE(contains(run_in(netns, "bpftool net list"), "lo("));
}

TEST_CASE("a reader that leaves ends it without a word, with and without packets") {
    const Netns netns;
    std::optional<Pinger> one;
    if (GENERATE(true, false)) {
        one.emplace(netns, "one");
    }
    Extcap extcap(netns, "pidcap-lo");
    extcap.say({0, Command::kInitialized, ""});
    extcap.open_reader();
    hear_listening(extcap);
    extcap.close_reader();
    CHECK(extcap.process().wait() == 0);
    CHECK(extcap.process().err().empty());
}

TEST_CASE("once it listens it has next to no capabilities, and a filter of system calls") {
    const Netns netns;
    Extcap extcap(netns, "pidcap-lo");
    extcap.say({0, Command::kInitialized, ""});
    extcap.open_reader();
    hear_listening(extcap);
    const pid_t pid = extcap.process().pid();
    const ProcessStatus status = status_of(pid);
    // CAP_NET_ADMIN and CAP_BPF stay on older kernels (docs/privileges.md).
    constexpr uint64_t kOnOlderOnes = uint64_t{1} << 12 | uint64_t{1} << 39;
    CHECK((capabilities(status, "CapPrm") & ~kOnOlderOnes) == 0);
    CHECK(capabilities(status, "CapEff") == capabilities(status, "CapPrm"));
    CHECK(capabilities(status, "CapBnd") == 0);
    CHECK(status.at("NoNewPrivs") == "1");
    CHECK(status.at("Seccomp") == "2");
    std::set<std::string> helpers;
    for (const auto& [name, child] : children_of(pid)) {
        helpers.insert(name);
    }
    CHECK(helpers == std::set<std::string>{"pidcap-ctr", "pidcap-names", "pidcap-proc"});
    extcap.close_reader();
    CHECK(extcap.process().wait() == 0);
}

TEST_CASE("a slow reader holds nobody up, and what it missed is counted") {
    constexpr uint32_t kSent = 100'000;
    const Loopback traffic;
    Extcap extcap(traffic.netns, "pidcap-lo", {"--extcap-capture-filter", "udp"});
    extcap.open_reader();
    hear_listening(extcap);
    CHECK(send_numbered(traffic.sender, 0, kSent, 1000) == kSent);
    // More than the rings and the fifo hold.
    extcap.read_packets(100);
    extcap.process().signal(SIGTERM);
    CHECK(extcap.read_to_end() == 0);
    const Statistics statistics = statistics_of(extcap.file());
    CHECK(statistics.dropped > 0);
    CHECK(statistics.delivered > 0);
    CHECK(statistics.delivered + statistics.dropped == kSent);
    CHECK(fields_of(extcap.file(), {"frame.number"}).size() == statistics.delivered);
    extcap.hear([](const Message& message) { return is_log_with(message, "ring full"); });
}

TEST_CASE("a Wireshark that doesn't read its toolbar holds nobody up") {
    const Netns netns;
    const Pinger one(netns, "one");
    Extcap extcap(netns, "pidcap-lo");
    extcap.open_reader();
    hear_listening(extcap);
    const std::string long_expression = "comm = \"" + std::string(3000, '?') + "\"";
    for (int i = 0; i < 200; i++) {
        extcap.say({kProcessFilter, Command::kSet, long_expression});
    }
    extcap.say({kProcessFilter, Command::kSet, ""});
    extcap.read();
    extcap.read_packets(fields_of(extcap.file(), {"frame.number"}).size() + 10);
    extcap.process().signal(SIGTERM);
    CHECK(extcap.read_to_end() == 0);
}

TEST_CASE("a capture that can't be begun says so once, and leaves a file without packets") {
    const Netns netns;
    Extcap extcap(netns, "pidcap-nowhere");
    extcap.say({0, Command::kInitialized, ""});
    extcap.open_reader();
    CHECK(extcap.read_to_end() == 1);
    CHECK(contains(extcap.process().err(), "nowhere"));
    require_readable(extcap.file());
    CHECK(fields_of(extcap.file(), {"frame.number"}).empty());
    extcap.hear([](const Message& message) { return is_log_with(message, "nowhere"); });
}

TEST_CASE("where a program is in the way the message says so, and nothing else happens") {
    const Cable cable;
    const TemporaryFolder folder;
    const Capture other(cable.a, {"-i", "va", "--hook", "xdp", "-w", folder.file("a.pcapng")});
    Extcap extcap(cable.a, "pidcap-va", {"--hook", "xdp"});
    extcap.say({0, Command::kInitialized, ""});
    extcap.open_reader();
    CHECK(extcap.read_to_end() == 1);
    CHECK(contains(extcap.process().err(), "va"));
    require_readable(extcap.file());
    CHECK(fields_of(extcap.file(), {"frame.number"}).empty());
}
