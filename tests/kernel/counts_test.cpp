// SPDX-License-Identifier: GPL-2.0-only
//
// What a session counts instead of capturing it. The oracles: tcpdump beside it, the kernel's
// counters of an interface, and how much the programs have sent.
#include <arpa/inet.h>
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "capture/session.h"
#include "packet/dissect/address.h"
#include "packet/filter/process_expression.h"
#include "tests/kernel/pair.h"
#include "tests/kernel/traffic.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace test {
namespace {

using capture::Amount;
using capture::Counts;
using capture::Hook;
using pcapng::Result;

constexpr uint64_t kEthernet = 14;

class NoPackets : public packet::Sink {
  public:
    Result<void> interface(const packet::Interface& /*interface*/) override { return {}; }
    Result<void> packet(const packet::Packet& /*packet*/) override {
        packets++;
        return {};
    }
    Result<void> idle() override { return {}; }
    Result<void> finish(const std::vector<packet::InterfaceCounters>& /*counters*/) override {
        return {};
    }

    int packets = 0;
};

template <typename T>
T require_ok(Result<T> result) {
    INFO((result.ok() ? "" : result.error().message));
    REQUIRE(result.ok());
    return std::move(result).value();
}

struct Sums {
    Amount out;
    Amount in;

    bool operator==(const Sums&) const = default;
};
std::ostream& operator<<(std::ostream& to, const Sums& sums) {
    return to << "out " << sums.out.packets << " " << sums.out.bytes << ", in " << sums.in.packets
              << " " << sums.in.bytes;
}

// protocol, address, port
using Endpoint = std::tuple<int, std::string, int>;

// For a failure that says what differs.
std::vector<std::string> lines_of(const std::map<Endpoint, Sums>& all) {
    std::vector<std::string> lines;
    for (const auto& [endpoint, sums] : all) {
        std::ostringstream line;
        line << std::get<0>(endpoint) << " " << std::get<1>(endpoint) << " "
             << std::get<2>(endpoint) << ": " << sums;
        lines.push_back(line.str());
    }
    return lines;
}

uint32_t inode_of(const Netns& netns) {
    struct stat status {};
    REQUIRE(fstat(netns.fd(), &status) == 0);
    return static_cast<uint32_t>(status.st_ino);
}

// A session that counts, and all that it has counted.
class Counting {
  public:
    Counting(const Netns& netns, Hook hook, const std::string& interface,
             packet::ProcessConditions filter = {})
        : netns_(inode_of(netns)) {
        const InNetns here(netns);
        capture::SessionOptions options;
        options.programs.hook = hook;
        options.programs.counts = true;
        options.programs.buffer_bytes = 1;
        options.filter = std::move(filter);
        if (hook != Hook::kCgroup) {
            options.interfaces.names = {interface};
        }
        session_ = require_ok(capture::Session::open(options));
        REQUIRE(session_->start(sink_).ok());
    }

    // Adds what was counted since the last call. Each time all of it has to be in a sum.
    void take() {
        const Counts counts = require_ok(session_->take_counts());
        CHECK(sink_.packets == 0);
        Amount all = counts.left_out + counts.uncounted;
        for (const capture::CountedConversation& each : counts.conversations) {
            all += each.out + each.in;
            if (each.process != nullptr) {
                peers_[each.process->pid].insert(each.peer != nullptr ? each.peer->pid : 0);
            }
            if (each.conversation.netns != netns_) {
                continue;
            }
            const uint32_t pid = each.process != nullptr ? each.process->pid : 0;
            const std::string address = packet::to_text(each.conversation.local);
            const Endpoint endpoint{each.conversation.protocol, address,
                                    each.conversation.local_port};
            add(endpoints_[endpoint], each);
            add(processes_[pid], each);
            owners_[endpoint].insert(pid);
            if (each.tcp) {
                round_trips_.insert(each.tcp->round_trip_us);
                uint32_t& most = retransmissions_[endpoint];
                most = std::max(most, each.tcp->retransmissions);
            }
        }
        CHECK(all == counts.out + counts.in + counts.loopback + counts.loopback);
        seen_out_ += counts.out;
        seen_in_ += counts.in;
        uncounted_ += counts.uncounted;
        left_out_ += counts.left_out;
    }

    const std::map<Endpoint, Sums>& endpoints() const { return endpoints_; }
    std::map<uint32_t, Sums> processes() const { return processes_; }
    const std::map<Endpoint, std::set<uint32_t>>& owners() const { return owners_; }
    // Who was at the other end of a process's conversations, in any namespace; 0: not known.
    std::set<uint32_t> peers_of(const Actor& actor) const {
        const auto found = peers_.find(static_cast<uint32_t>(actor.pid()));
        return found != peers_.end() ? found->second : std::set<uint32_t>();
    }
    const std::set<uint32_t>& round_trips() const { return round_trips_; }
    uint32_t retransmissions() const {  // of all ends of connections
        uint32_t sum = 0;
        for (const auto& [endpoint, segments] : retransmissions_) {
            sum += segments;
        }
        return sum;
    }
    const Amount& seen_out() const { return seen_out_; }
    const Amount& seen_in() const { return seen_in_; }
    const Amount& uncounted() const { return uncounted_; }
    const Amount& left_out() const { return left_out_; }

  private:
    static void add(Sums& to, const capture::CountedConversation& each) {
        to.out += each.out;
        to.in += each.in;
    }

    NoPackets sink_;
    uint32_t netns_;
    std::unique_ptr<capture::Session> session_;
    std::map<Endpoint, Sums> endpoints_;
    std::map<uint32_t, Sums> processes_;  // by pid, 0: none
    std::map<Endpoint, std::set<uint32_t>> owners_;
    std::map<uint32_t, std::set<uint32_t>> peers_;
    std::set<uint32_t> round_trips_;
    std::map<Endpoint, uint32_t> retransmissions_;
    Amount seen_out_;
    Amount seen_in_;
    Amount uncounted_;
    Amount left_out_;
};

// tcpdump on lo, to a packet that says that it was the last.
class Oracle {
  public:
    explicit Oracle(const Netns& netns)
        : file_(folder_.file("lo.pcap")),
          tcpdump_({.arguments = {"tcpdump", "-i", "lo", "-n", "-U", "--immediate-mode", "-s",
                                  "256", "-w", file_},
                    .netns = &netns}) {
        tcpdump_.wait_for("listening on");
    }

    // What went over lo by endpoint, without `link_bytes` of each packet.
    std::map<Endpoint, Sums> stop(Actor& actor, const std::string& address, uint64_t link_bytes) {
        const Address any = make_address(address, 0);
        const int hears = bound_socket(actor, any, SOCK_DGRAM);
        const uint16_t port = local_port(actor, hears);
        say(actor, connected_socket(actor, make_address(address, port), SOCK_DGRAM), "the end");
        while (!has_end()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        tcpdump_.signal(SIGINT);
        REQUIRE(tcpdump_.wait() == 0);
        return sums(port, link_bytes);
    }

  private:
    bool has_end() const {
        std::ifstream file(file_, std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        return contains(bytes, "the end");
    }

    std::map<Endpoint, Sums> sums(uint16_t but_port, uint64_t link_bytes) const {
        std::map<Endpoint, Sums> all;
        for (const auto& row :
             fields_of(file_,
                       {"frame.len", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport",
                        "tcp.dstport", "udp.srcport", "udp.dstport", "icmp.type", "icmpv6.type"})) {
            const auto first = [&](size_t at) { return row[at].substr(0, row[at].find(',')); };
            const bool is_icmp = !row[9].empty();
            const bool is_icmp6 = !row[10].empty();
            const bool is_tcp = !is_icmp && !is_icmp6 && !row[5].empty();
            const int protocol = is_icmp ? 1 : (is_icmp6 ? 58 : (is_tcp ? 6 : 17));
            const auto port = [&](size_t of_tcp, size_t of_udp) {
                return is_icmp || is_icmp6 ? 0 : std::stoi(row[is_tcp ? of_tcp : of_udp]);
            };
            const std::string source = first(1).empty() ? first(3) : first(1);
            const std::string destination = first(2).empty() ? first(4) : first(2);
            if (port(6, 8) == but_port) {
                continue;
            }
            const Amount amount{1, std::stoull(row[0]) - link_bytes};
            all[{protocol, source, port(5, 7)}].out += amount;
            all[{protocol, destination, port(6, 8)}].in += amount;
        }
        return all;
    }

    TemporaryFolder folder_;
    std::string file_;
    Process tcpdump_;
};

// A connection with a chunk each way, closed by the client first.
uint16_t talk(Actor& client, Actor& server, int listening, const Address& at) {
    const int from = connected_socket(client, at, SOCK_STREAM);
    const int to = accept_from(server, listening);
    const uint16_t port = local_port(client, from);
    pass(client, from, server, to, "question");
    pass(server, to, client, from, "answer");
    close_in(client, from);
    hear_end(server, to);
    close_in(server, to);
    return port;
}

TEST_CASE("every packet on lo is counted for both its processes, with its bytes") {
    const auto hook = GENERATE(Hook::kTc, Hook::kCgroup);
    const bool is_six = GENERATE(false, true);
    const std::string address = is_six ? "::1" : "127.0.0.1";
    CAPTURE(static_cast<int>(hook), address);
    const Netns netns;
    Actor server(netns, "server");
    Actor client(netns, "client");
    const int listening = listener(server, make_address(address, 0));
    const uint16_t port = local_port(server, listening);
    const Address at = make_address(address, port);
    const int hears = bound_socket(server, make_address(address, 0), SOCK_DGRAM);
    const Address datagrams_at = make_address(address, local_port(server, hears));

    Oracle oracle(netns);
    Counting counting(netns, hook, "lo");
    std::map<Endpoint, uint32_t> expected;
    const auto pid_of = [](const Actor& actor) { return static_cast<uint32_t>(actor.pid()); };
    expected[{6, address, port}] = pid_of(server);
    for (int i = 0; i < 5; i++) {
        expected[{6, address, talk(client, server, listening, at)}] = pid_of(client);
    }
    counting.take();
    {
        Actor child = client.fork_child("child");
        expected[{6, address, talk(child, server, listening, at)}] = pid_of(child);
        const int from = connected_socket(child, datagrams_at, SOCK_DGRAM);
        expected[{17, address, local_port(child, from)}] = pid_of(child);
        pass(child, from, server, hears, "datagram");
        child.exit();
    }
    // To nobody: the kernel answers, and that is the client's.
    const int lost = connected_socket(client, make_address(address, 9), SOCK_DGRAM);
    expected[{17, address, local_port(client, lost)}] = pid_of(client);
    expected[{17, address, 9}] = 0;
    say(client, lost, "nobody is there");
    settle(netns);
    counting.take();

    const auto captured =
        oracle.stop(client, address, hook == Hook::kCgroup ? kEthernet : uint64_t{0});
    CHECK(lines_of(counting.endpoints()) == lines_of(captured));
    for (const auto& [endpoint, pid] : expected) {
        CAPTURE(std::get<0>(endpoint), std::get<2>(endpoint));
        const auto found = counting.owners().find(endpoint);
        REQUIRE(found != counting.owners().end());
        CHECK(found->second == std::set<uint32_t>{pid});
    }
    CHECK_FALSE(counting.round_trips().empty());
    CHECK(counting.uncounted() == Amount{});
}

std::set<uint32_t> only(const Actor& actor) {
    return {static_cast<uint32_t>(actor.pid())};
}

TEST_CASE("a conversation between two processes names each of them for the other") {
    const Pair pair;
    const auto [index, hook] = GENERATE(table<size_t, Hook>({{0, Hook::kTc},
                                                             {0, Hook::kCgroup},
                                                             {1, Hook::kTc},
                                                             {1, Hook::kCgroup},
                                                             {2, Hook::kCgroup},
                                                             {3, Hook::kCgroup}}));
    const Path path = pair.paths()[index];
    CAPTURE(path.name, static_cast<int>(hook));
    Actor server(path.server, "server");
    Actor client(path.client, "client");
    const int listening = listener(server, path.server_at(0));
    const int hears = bound_socket(server, path.server_at(0), SOCK_DGRAM);
    Counting counting(path.client, hook, "lo");
    for (int i = 0; i < 3; i++) {
        talk(client, server, listening, path.server_at(local_port(server, listening)));
        settle(path.client);
        const Address at = path.server_at(local_port(server, hears));
        pass(client, connected_socket(client, at, SOCK_DGRAM), server, hears, "datagram");
        counting.take();
    }
    CHECK(counting.peers_of(client) == only(server));
    CHECK(counting.peers_of(server) == only(client));
}

TEST_CASE("the same addresses and ports in other namespaces are another conversation") {
    const auto type = GENERATE(SOCK_STREAM, SOCK_DGRAM);
    CAPTURE(type);
    const Pair pairs[2];
    const Path paths[2] = {pairs[0].paths()[2], pairs[1].paths()[2]};
    Actor servers[2] = {{paths[0].server, "server"}, {paths[1].server, "server"}};
    Actor clients[2] = {{paths[0].client, "client"}, {paths[1].client, "client"}};
    const Address server_at = paths[0].server_at(7001);
    int hears[2];
    int says[2];
    for (int i = 0; i < 2; i++) {
        hears[i] = type == SOCK_STREAM ? listener(servers[i], server_at)
                                       : bound_socket(servers[i], server_at, type);
        says[i] = bound_socket(clients[i], paths[i].client_at(7000), type);
    }
    Counting counting(paths[0].client, Hook::kCgroup, "");
    for (int i = 0; i < 2; i++) {
        connect_to(clients[i], says[i], server_at);
        hears[i] = type == SOCK_STREAM ? accept_from(servers[i], hears[i]) : hears[i];
    }
    for (int turn = 0; turn < 20; turn++) {
        for (int i = 0; i < 2; i++) {
            pass(clients[i], says[i], servers[i], hears[i], "in turn");
        }
    }
    counting.take();
    for (int i = 0; i < 2; i++) {
        CHECK(counting.peers_of(clients[i]) == only(servers[i]));
        CHECK(counting.peers_of(servers[i]) == only(clients[i]));
    }
}

TEST_CASE("behind a router both ends are known, behind one that translates addresses neither") {
    const bool translates = GENERATE(false, true);
    CAPTURE(translates);
    const Netns near, router, far;
    connect_by_veth({near, "veth0", "10.78.0.1/24", "fd78::1/64"},
                    {router, "near0", "10.78.0.2/24", "fd78::2/64"});
    connect_by_veth({router, "far0", "10.79.0.1/24", "fd79::1/64"},
                    {far, "veth0", "10.79.0.2/24", "fd79::2/64"});
    near.ip("route add default via 10.78.0.2");
    far.ip("route add default via 10.79.0.1");
    router.sysctl("ipv4/ip_forward", "1");
    if (translates) {
        output_of({"nsenter", "--net=" + router.path(), "nft",
                   "add table ip t; add chain ip t c { type nat hook postrouting priority 100; }; "
                   "add rule ip t c oifname far0 masquerade"});
    }
    Actor server(far, "server");
    Actor client(near, "client");
    const int listening = listener(server, make_address("10.79.0.2", 0));
    Counting counting(near, Hook::kCgroup, "");
    talk(client, server, listening, make_address("10.79.0.2", local_port(server, listening)));
    settle(near);
    counting.take();
    CHECK(counting.peers_of(client) == (translates ? std::set<uint32_t>{0} : only(server)));
    CHECK(counting.peers_of(server) == (translates ? std::set<uint32_t>{0} : only(client)));
}

Amount counter(const nlohmann::json& link, const char* way) {
    const auto& side = link[0]["stats64"][way];
    return {side["packets"], side["bytes"]};
}

TEST_CASE("on an interface all that its own counters have is counted") {
    const Pair pair;
    const Path path = pair.paths()[2];
    REQUIRE(path.name == "veth4");
    Actor server(path.server, "server");
    Actor client(path.client, "client");
    const int listening = listener(server, path.server_at(0));
    const Address at = path.server_at(local_port(server, listening));
    const auto links = nlohmann::json::parse(output_of(
        {"nsenter", "--net=" + path.client.path(), "ip", "-j", "link", "show", "type", "veth"}));
    const std::string name = links[0]["ifname"];
    const auto counters = [&] {
        return nlohmann::json::parse(output_of({"nsenter", "--net=" + path.client.path(), "ip",
                                                "-s", "-j", "link", "show", "dev", name}));
    };
    Counting counting(path.client, Hook::kTc, name);
    const auto before = counters();
    counting.take();
    const Amount out_before = counting.seen_out();
    const Amount in_before = counting.seen_in();
    const auto again = counters();
    REQUIRE(before == again);  // nothing else is going on there
    for (int i = 0; i < 3; i++) {
        talk(client, server, listening, at);
    }
    settle(path.client);
    settle(path.server);
    const auto after = counters();
    counting.take();
    const auto difference = [](const Amount& now, const Amount& then) {
        return Amount{now.packets - then.packets, now.bytes - then.bytes};
    };
    CHECK(difference(counting.seen_out(), out_before) ==
          difference(counter(after, "tx"), counter(again, "tx")));
    CHECK(difference(counting.seen_in(), in_before) ==
          difference(counter(after, "rx"), counter(again, "rx")));
    CHECK(counting.processes().contains(static_cast<uint32_t>(client.pid())));
}

// By the kernel's own count in this namespace (RetransSegs).
uint32_t retransmitted_segments(const Netns& netns) {
    const std::string text =
        output_of({"nsenter", "--net=" + netns.path(), "cat", "/proc/net/snmp"});
    std::istringstream lines(text);
    std::vector<std::string> names;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string first;
        words >> first;
        if (first != "Tcp:") {
            continue;
        }
        std::vector<std::string> values{std::istream_iterator<std::string>(words), {}};
        if (names.empty()) {
            names = values;
            continue;
        }
        const auto at = std::ranges::find(names, "RetransSegs");
        REQUIRE(at != names.end());
        return static_cast<uint32_t>(std::stoul(values[static_cast<size_t>(at - names.begin())]));
    }
    FAIL("no counters of TCP");
    return 0;
}

TEST_CASE("retransmissions are those that the kernel counts") {
    const auto hook = GENERATE(Hook::kTc, Hook::kCgroup);
    CAPTURE(static_cast<int>(hook));
    const Netns netns;
    Actor server(netns, "server");
    Actor client(netns, "client");
    const int listening = listener(server, make_address("127.0.0.1", 0));
    const uint16_t port = local_port(server, listening);
    Counting counting(netns, hook, "lo");
    const int from = connected_socket(client, make_address("127.0.0.1", port), SOCK_STREAM);
    const int to = accept_from(server, listening);
    pass(client, from, server, to, "heard");
    const auto nft = [&](const std::string& command) {
        output_of({"nsenter", "--net=" + netns.path(), "nft", command});
    };
    // Drops what goes to or comes from the server's port until so many segments more were lost.
    const auto lose = [&](const std::string& side, uint32_t segments, const auto& begin) {
        nft("add table ip t; add chain ip t c { type filter hook input priority 0; }; "
            "add rule ip t c tcp " +
            side + " " + std::to_string(port) + " drop");
        const uint32_t enough = retransmitted_segments(netns) + segments;
        begin();
        while (retransmitted_segments(netns) < enough) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        counting.take();
        nft("delete table ip t");
    };
    lose("dport", 2, [&] { say(client, from, "lost"); });
    hear(server, to);
    close_in(client, from);
    lose("sport", 1, [&] { close_in(server, to); });
    settle(netns);
    counting.take();
    CHECK(counting.retransmissions() == retransmitted_segments(netns));
}

constexpr uint32_t kFlood = 60000;
constexpr size_t kFloodBytes = 64;
constexpr uint64_t kHeaders = 28;  // IPv4, UDP

TEST_CASE("what is sent while the counters are read is in one of two sums") {
    const auto hook = GENERATE(Hook::kTc, Hook::kCgroup);
    CAPTURE(static_cast<int>(hook));
    const Netns netns;
    Actor server(netns, "server");
    Actor client(netns, "client");
    const int hears = bound_socket(server, make_address("127.0.0.1", 0), SOCK_DGRAM);
    const int sends =
        connected_socket(client, make_address("127.0.0.1", local_port(server, hears)), SOCK_DGRAM);
    Counting counting(netns, hook, "lo");
    client.begin(
        [](int fd) {
            const pcapng::Fd socket(dup(fd));
            return static_cast<int64_t>(send_numbered(socket, 0, kFlood, kFloodBytes));
        },
        sends);
    for (int i = 0; i < 20; i++) {
        counting.take();
    }
    const auto sent = static_cast<uint64_t>(client.finish());
    counting.take();
    const uint64_t each = kFloodBytes + kHeaders + (hook == Hook::kCgroup ? 0 : kEthernet);
    const Amount all{sent, sent * each};
    CHECK(sent == kFlood);
    const auto processes = counting.processes();
    CHECK(processes.at(static_cast<uint32_t>(client.pid())) == Sums{all, {}});
    CHECK(processes.at(static_cast<uint32_t>(server.pid())) == Sums{{}, all});
}

TEST_CASE("conversations that find no room are counted as such") {
    const Netns netns;
    Actor client(netns, "client");
    const int sends = open_socket(client, AF_INET, SOCK_DGRAM);
    Counting counting(netns, Hook::kCgroup, "");
    // Each is two ends, of no socket, in addresses of their own.
    const int64_t sent = client.call(
        [](int fd) {
            int64_t count = 0;
            for (uint32_t i = 1; i <= 50000; i++) {
                sockaddr_in to{};
                to.sin_family = AF_INET;
                to.sin_addr.s_addr = htonl(0x7f010000 + i);
                to.sin_port = htons(9);
                count += sendto(fd, "x", 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 1
                             ? 1
                             : 0;
            }
            return count;
        },
        sends);
    CHECK(sent > 40000);
    counting.take();  // and the sum is right
    CHECK(counting.uncounted().packets > 0);
    // There is room again.
    const Amount before = counting.uncounted();
    say_to(client, sends, make_address("127.0.0.1", 9), "once more");
    counting.take();
    CHECK(counting.uncounted() == before);
}

TEST_CASE("processes that the filter refuses are left out, and that is counted") {
    const Netns netns;
    Actor server(netns, "server");
    Actor client(netns, "client");
    const int hears = bound_socket(server, make_address("127.0.0.1", 0), SOCK_DGRAM);
    const int sends =
        connected_socket(client, make_address("127.0.0.1", local_port(server, hears)), SOCK_DGRAM);
    packet::ProcessConditions filter;
    filter.expression = std::get<packet::ProcessExpression>(
        packet::parse_process_expression("pid = " + std::to_string(client.pid())));
    Counting counting(netns, Hook::kCgroup, "", filter);
    for (int i = 0; i < 3; i++) {
        pass(client, sends, server, hears, "datagram");
        counting.take();
    }
    const auto processes = counting.processes();
    REQUIRE(processes.size() == 1);
    CHECK(processes.begin()->first == static_cast<uint32_t>(client.pid()));
    CHECK(processes.begin()->second.out.packets == 3);
    CHECK(counting.left_out().packets >= 3);
}

}  // namespace
}  // namespace test
