// SPDX-License-Identifier: GPL-2.0-only
//
// Packet filters in a running capture: what is captured is what tcpdump takes from the unfiltered
// file with the same expression, and packets that aren't captured still tell whose later ones are.
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/kernel/world.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/traffic.h"

namespace test {
namespace {

// What tcpdump takes from a file.
size_t tcpdump_counts(const std::string& file, const std::string& expression) {
    const std::string out = output_of({"tcpdump", "-nr", file, "--count", expression});
    return std::stoul(out);
}

// Some TCP, UDP and ICMP between the two ends of a veth pair, and on lo.
void make_traffic(World& world) {
    for (const Path& path : world.paths()) {
        Actor server(path.server, "server");
        Actor client(path.client, "client");
        for (const uint16_t port : {uint16_t{443}, uint16_t{8080}}) {
            const int waits = listener(server, path.server_at(port));
            const int fd = connected_socket(client, path.server_at(port), SOCK_STREAM);
            const int served = accept_from(server, waits);
            pass(client, fd, server, served, "question");
            pass(server, served, client, fd, "answer");
            close_in(client, fd);
            hear_end(server, served);
            close_in(server, served);
            const int to = bound_socket(server, path.server_at(port), SOCK_DGRAM);
            const int from = connected_socket(client, path.server_at(port), SOCK_DGRAM);
            pass(client, from, server, to, "datagram");
        }
        settle(path.client);
    }
    for (const char* address : {"10.77.0.2", "fd77::2"}) {
        Process ping(Launch{{"ping", "-n", "-q", "-c", "2", "-i", "0.02", address}, &world.near()});
        CHECK(ping.wait() == 0);
    }
}

TEST_CASE("a capture with a filter has the packets that tcpdump takes from one without") {
    const std::vector<std::string> expressions = {
        "tcp port 443",
        "udp and dst port 8080",
        "ip6 and udp",
        "icmp or icmp6[icmp6type] = icmp6-echo or icmp6[icmp6type] = icmp6-echoreply",
        "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
        "host 10.77.0.2 and greater 70",
        "udp and ether[0] & 1 = 0 and len < 90",
        "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x7069643d",  // "pid=", signed data
        "tcp and not port 443",
    };
    World world;
    const TemporaryFolder folder;
    Capture everything(world.near(), {"-i", "veth0", "-w", folder.file("all.pcapng")});
    std::vector<std::unique_ptr<Capture>> filtered;
    for (size_t at = 0; at < expressions.size(); at++) {
        filtered.push_back(std::make_unique<Capture>(
            world.near(),
            std::vector<std::string>{"-i", "veth0", "-w", folder.file(std::to_string(at)),
                                     expressions[at]}));
    }
    make_traffic(world);
    everything.stop();
    for (size_t at = 0; at < expressions.size(); at++) {
        filtered[at]->stop();
        INFO(expressions[at]);
        const size_t expected = tcpdump_counts(folder.file("all.pcapng"), expressions[at]);
        CHECK(expected > 0);
        CHECK(totals_of(filtered[at]->err()).captured == expected);
        CHECK(tcpdump_counts(folder.file(std::to_string(at)), expressions[at]) == expected);
        require_readable(folder.file(std::to_string(at)));
    }
}

TEST_CASE("a filter as words, as one option or from a file is the same, and stands in the file") {
    World world;
    const TemporaryFolder folder;
    std::ofstream(folder.file("expression")) << "udp  # all of it\n  and port 443 # here\n";
    const std::vector<std::vector<std::string>> ways = {{"udp", "and", "port", "443"},
                                                        {"--filter", "udp and port 443"},
                                                        {"-F", folder.file("expression")}};
    std::vector<std::unique_ptr<Capture>> captures;
    for (size_t at = 0; at < ways.size(); at++) {
        std::vector<std::string> arguments = {"-i", "any", "-w", folder.file(std::to_string(at))};
        arguments.insert(arguments.end(), ways[at].begin(), ways[at].end());
        captures.push_back(std::make_unique<Capture>(world.near(), arguments));
    }
    make_traffic(world);
    for (size_t at = 0; at < ways.size(); at++) {
        captures[at]->stop();
        CHECK(totals_of(captures[at]->err()).captured == 4);  // one on each path
        CHECK(contains(output_of({"capinfos", folder.file(std::to_string(at))}),
                       "Filter string = udp"));
    }
}

TEST_CASE("words inbound and outbound are the hook's direction") {
    World world;
    const TemporaryFolder folder;
    Capture in(world.near(), {"-i", "veth0", "-w", folder.file("in"), "inbound and (tcp or udp)"});
    Capture out(world.near(),
                {"-i", "veth0", "-w", folder.file("out"), "outbound and (tcp or udp)"});
    Capture both(world.near(), {"-i", "veth0", "-w", folder.file("both"), "tcp or udp"});
    make_traffic(world);
    in.stop();
    out.stop();
    both.stop();
    size_t incoming = 0;
    for (const Packet& packet : read_packets(folder.file("both"))) {
        incoming += packet.outbound ? 0 : 1;
    }
    CHECK(incoming > 10);
    CHECK(totals_of(in.err()).captured == incoming);
    CHECK(totals_of(out.err()).captured == totals_of(both.err()).captured - incoming);
    for (const Packet& packet : read_packets(folder.file("in"))) {
        CHECK_FALSE(packet.outbound);
    }
}

// Only the replies are captured; whose they are is known from the requests.
TEST_CASE("a ping's replies are its own where the filter takes no requests") {
    World world;
    const TemporaryFolder folder;
    for (const std::string hook : {"tc", "xdp", "cgroup"}) {
        const std::string file = folder.file(hook);
        std::vector<std::string> arguments = {"--hook", hook, "-w", file,
                                              "icmp[icmptype] = icmp-echoreply and src 10.77.0.2"};
        if (hook != "cgroup") {
            arguments.insert(arguments.end(), {"-i", "veth0"});
        }
        Capture capture(world.near(), arguments);
        Process ping(
            Launch{{"ping", "-n", "-q", "-c", "3", "-i", "0.02", "10.77.0.2"}, &world.near()});
        const auto pid = static_cast<uint32_t>(ping.pid());
        CHECK(ping.wait() == 0);
        capture.stop();
        size_t replies = 0;
        for (const Packet& packet : read_packets(file)) {
            INFO(hook << ": " << describe(packet));
            CHECK(packet.icmp_type == 0);
            if (!packet.outbound) {  // at the cgroup also as it leaves the far end
                replies++;
                REQUIRE(packet.self());
                CHECK(packet.self()->pid == pid);
            }
        }
        CHECK(replies == 3);
    }
}

TEST_CASE("later fragments are the sender's where the filter takes no first one") {
    World world;
    const TemporaryFolder folder;
    const std::string file = folder.file("fragments");
    Capture out(world.near(), {"-i", "veth0", "-w", file, "ip[6:2] & 0x1fff != 0"});
    Capture in(world.far(), {"-i", "veth0", "-w", folder.file("in"), "ip[6:2] & 0x1fff != 0"});
    Actor sender(world.near(), "sender");
    Actor receiver(world.far(), "receiver");
    const int to = bound_socket(receiver, make_address("10.77.0.2", 7777), SOCK_DGRAM);
    const int fd = connected_socket(sender, make_address("10.77.0.2", 7777), SOCK_DGRAM);
    sender.call(
        [](int socket) {
            static char large[5000];
            return static_cast<int64_t>(send(socket, large, sizeof(large), 0));
        },
        fd);
    hear(receiver, to);
    out.stop();
    in.stop();
    const auto check_all = [](const std::string& name, const Actor& whose, const std::string& via) {
        const auto packets = read_packets(name);
        CHECK(packets.size() == 3);
        for (const Packet& packet : packets) {
            INFO(describe(packet));
            REQUIRE(packet.self());
            CHECK(packet.self()->pid == static_cast<uint32_t>(whose.pid()));
            CHECK(packet.via() == via);
        }
    };
    check_all(file, sender, "socket");
    check_all(folder.file("in"), receiver, "fragment");
}

// A connection's last packets have no socket any more: the flow was learnt as it began to close.
TEST_CASE(
    "a closed connection's last packets are its process's where the filter takes only these") {
    World world;
    const TemporaryFolder folder;
    const std::string file = folder.file("last");
    Capture capture(world.near(), {"-i", "veth0", "-w", file, "tcp dst port 443 and tcp[13] = 16"});
    Actor server(world.far(), "server");
    Actor client(world.near(), "client");
    const int waits = listener(server, make_address("10.77.0.2", 443));
    const int fd = connected_socket(client, make_address("10.77.0.2", 443), SOCK_STREAM);
    const int served = accept_from(server, waits);
    close_in(client, fd);  // first, so that its last acknowledgement comes from TIME_WAIT
    hear_end(server, served);
    close_in(server, served);
    settle(world.near());
    capture.stop();
    const auto packets = read_packets(file);
    CHECK(packets.size() >= 2);
    for (const Packet& packet : packets) {
        INFO(describe(packet));
        REQUIRE(packet.self());
        CHECK(packet.self()->pid == static_cast<uint32_t>(client.pid()));
    }
}

// The other end of a veth is on this machine, too: what it sends names it, captured or not.
TEST_CASE("the process behind a veth is known where the filter takes only what goes to it") {
    World world;
    const TemporaryFolder folder;
    const std::string file = folder.file("answers");
    Capture capture(world.near(), {"-i", "veth0", "-w", file, "udp and src 10.77.0.1"});
    Actor server(world.near(), "server");
    const int served = bound_socket(server, make_address("10.77.0.1", 7777), SOCK_DGRAM);
    // The second one takes the first one's address and port.
    for (const char* name : {"first", "second"}) {
        Actor client(world.far(), name);
        const int fd = bound_socket(client, make_address("10.77.0.2", 8888), SOCK_DGRAM);
        connect_to(client, fd, make_address("10.77.0.1", 7777));
        connect_to(server, served, make_address("10.77.0.2", 8888));
        for (int i = 0; i < 5; i++) {
            pass(client, fd, server, served, "question");
            pass(server, served, client, fd,
                 name + std::string("-") + std::to_string(client.pid()));
        }
    }
    capture.stop();
    const auto packets = read_packets(file);
    CHECK(packets.size() == 10);
    for (const Packet& packet : packets) {
        INFO(describe(packet));
        REQUIRE(packet.peer());
        CHECK(packet.self()->comm == "server");
        CHECK(packet.payload.ends_with(packet.peer()->comm + "-" +
                                       std::to_string(packet.peer()->pid)));
    }
}

TEST_CASE("a filter looks into packets whose bytes don't lie in one piece") {
    World world;
    const TemporaryFolder folder;
    std::ofstream(folder.file("page")) << std::string(60000, 'x') + "needle" + std::string(60, 'y');
    // The last of the data: 6 + 60 bytes before the end.
    Capture capture(world.near(), {"-i", "veth0", "-w", folder.file("found"),
                                   "tcp[tcpflags] & tcp-push != 0 and ether[len - 66:4] = "
                                   "0x6e656564 and ether[len - 62:2] = 0x6c65"});
    Actor server(world.far(), "server");
    Actor client(world.near(), "client");
    const int waits = listener(server, make_address("10.77.0.2", 443));
    const int fd = connected_socket(client, make_address("10.77.0.2", 443), SOCK_STREAM);
    accept_from(server, waits);
    client.call(
        [](int socket, Text name) {
            const int file = open(name.c_str(), O_RDONLY);
            int64_t sent = 0;
            while (sent < 60066) {
                const ssize_t now = sendfile(socket, file, nullptr, 60066);
                if (now <= 0) {
                    return static_cast<int64_t>(-1);
                }
                sent += now;
            }
            close(file);
            return sent;
        },
        fd, Text(folder.file("page")));
    close_in(client, fd);
    capture.stop();
    CHECK(totals_of(capture.err()).captured == 1);
}

TEST_CASE("a filter sees the VLAN tag that the kernel took off a received packet") {
    const Cable cable;
    const TemporaryFolder folder;
    const pcapng::Fd socket = packet_socket(cable.a, "va");
    Capture all(cable.b, {"-i", "vb", "-w", folder.file("all")});
    std::vector<std::unique_ptr<Capture>> captures;
    const std::vector<std::string> expressions = {
        "vlan",     "vlan 7",          "vlan 7 and ether[16:2] = 0x88b5",
        "not vlan", "vlan and vlan 9", "len = 64"};
    for (size_t at = 0; at < expressions.size(); at++) {
        captures.push_back(std::make_unique<Capture>(
            cable.b, std::vector<std::string>{"-i", "vb", "-w", folder.file(std::to_string(at)),
                                              expressions[at]}));
    }
    const std::vector<std::vector<uint16_t>> cases = {{}, {7}, {8}, {7, 9}, {8, 9}};
    for (const auto& tags : cases) {
        std::vector<uint8_t> frame(kMacB.begin(), kMacB.end());
        frame.insert(frame.end(), kMacA.begin(), kMacA.end());
        for (const uint16_t tag : tags) {
            frame.insert(frame.end(), {0x81, 0x00, 0, static_cast<uint8_t>(tag)});
        }
        frame.insert(frame.end(), {0x88, 0xb5});
        frame.resize(60 + 2 * tags.size());
        REQUIRE(send(socket.get(), frame.data(), frame.size(), 0) ==
                static_cast<ssize_t>(frame.size()));
    }
    all.stop();
    for (size_t at = 0; at < expressions.size(); at++) {
        captures[at]->stop();
        INFO(expressions[at]);
        const size_t expected = tcpdump_counts(folder.file("all"), expressions[at]);
        CHECK(expected > 0);
        CHECK(totals_of(captures[at]->err()).captured == expected);
    }
}

TEST_CASE("an interface that the filter makes no sense for is skipped by any, refused by name") {
    const Netns netns;
    const TemporaryFolder folder;
    const pcapng::Fd tun = tun_device(netns);
    Capture any(netns, {"-i", "any", "-w", folder.file("any"), "ether host 2:0:0:0:0:1"});
    CHECK(contains(any.err(), "skipped: interface tun7: filter"));
    any.stop();
    const CommandResult named = run_pidcap(
        Launch{{"-i", "tun7", "-w", folder.file("named"), "ether host 2:0:0:0:0:1"}, &netns});
    CHECK(named.status == 1);
    CHECK(contains(named.err, "filter \"ether host 2:0:0:0:0:1\""));
    // What makes sense there is compiled for packets without a link layer.
    Capture ip(netns, {"-i", "tun7", "-w", folder.file("ip"), "udp port 7"});
    const pcapng::Fd socket = udp_socket(netns, "10.8.0.1");
    connect_to(socket, "10.8.0.2", 7);
    send_numbered(socket, 0, 3, 100);
    connect_to(socket, "10.8.0.2", 8);
    send_numbered(socket, 0, 3, 100);
    ip.stop();
    CHECK(totals_of(ip.err()).captured == 3);
}

TEST_CASE("a flood that doesn't match takes no room in the rings") {
    const Loopback lo;
    const TemporaryFolder folder;
    const std::string file = folder.file("flood");
    // The smallest rings there are would be full at once.
    Capture capture(lo.netns, {"-i", "lo", "-B", "1", "-w", file, "udp port 10"});
    send_numbered(lo.sender, 0, 100'000, 200);
    capture.stop();
    CHECK(totals_of(capture.err()).captured == 0);
    CHECK(totals_of(capture.err()).dropped == 0);
    CHECK(statistics_of(file).received == 0);
}

TEST_CASE("a wrong filter ends pidcap before anything is attached or written") {
    const Netns netns;
    const TemporaryFolder folder;
    const std::string file = folder.file("none.pcapng");
    const auto refusal = [&](const std::string& expression) {
        const CommandResult result =
            run_pidcap(Launch{{"-i", "lo", "-w", file, expression}, &netns});
        CHECK(result.status == 1);
        CHECK(access(file.c_str(), F_OK) != 0);
        return result.err;
    };
    CHECK(contains(refusal("tcp prt 443"), "syntax error at \"prt 443\""));
    CHECK(contains(refusal("tcp and"), "syntax error at its end"));
    CHECK(contains(refusal("port 443 and and udp"), "syntax error at \"and udp\""));
    CHECK(contains(refusal("net 10.0.0.0/33"), "mask length must be <= 32"));
    CHECK(contains(refusal("\x1b[31m"), "%1B[31m"));
}

TEST_CASE("option -d lists what tcpdump lists") {
    for (const char* expression : {"tcp port 443 and host 10.0.0.1", "vlan 5 and ip6", "less 60",
                                   "ip6 protochain 6", "inbound"}) {
        INFO(expression);
        // Of a live interface tcpdump's has more: the kernel's words for tags.
        CHECK(run_pidcap({"-d", expression}).out ==
              run({"tcpdump", "-y", "EN10MB", "-d", expression}).out);
    }
    const CommandResult extended = run_pidcap({"-d", "--ebpf", "udp"});
    CHECK(extended.status == 0);
    CHECK(contains(extended.out, "call bpf_skb_load_bytes#26"));
    CHECK(contains(extended.out, "call bpf_tail_call#12"));
    CHECK(run_pidcap({"-d", "tcp prt"}).status == 1);
}

}  // namespace
}  // namespace test
