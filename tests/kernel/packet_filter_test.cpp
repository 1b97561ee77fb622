// SPDX-License-Identifier: GPL-2.0-only
//
// Packet filters in a running capture: what is captured is what tcpdump takes from the unfiltered
// file with the same expression, and packets that aren't captured still tell whose later ones are.
#include <fcntl.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "tests/kernel/world.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/frames.h"
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

// Frames as a VLAN's parent has them: plain, with one tag and with two, IPv4 and not, to two hosts.
std::vector<std::vector<uint8_t>> tagged_frames() {
    const FrameEnd from{kMacA, kAddressA, 4444};
    const std::vector<std::vector<Tag>> cases = {{},
                                                 {{0x8100, 5}},
                                                 {{0x8100, 0x6006}},
                                                 {{0x88a8, 5}, {0x8100, 7}},
                                                 {{0x8100, 5}, {0x8100, 5}}};
    std::vector<std::vector<uint8_t>> frames;
    for (const auto& tags : cases) {
        frames.push_back(udp_frame(from, {kMacB, kAddressB, 9}, tags));
        frames.push_back(udp_frame(from, {kMacB, kAddressB, 10}, tags));
        frames.push_back(udp_frame(from, {kMacB, "10.7.0.3", 9}, tags));
        frames.push_back(udp_frame(from, {kMacB, kAddressB, 9}, tags));
        frames.back()[12 + 4 * tags.size()] = 0x88;  // an EtherType for experiments
        frames.back()[13 + 4 * tags.size()] = 0xb5;
    }
    return frames;
}

// Ends pidcap or tcpdump, which then says how many packets it has taken.
size_t taken_by(Process& program) {
    program.signal(SIGINT);
    CHECK(program.wait() == 0);
    std::smatch found;
    REQUIRE(std::regex_search(program.err(), found, std::regex("([0-9]+) packets? captured")));
    return std::stoul(found[1]);
}

// Whether packets come in or go out at `where`, and by which hook.
struct TagView {
    std::string name;
    std::string hook;
    bool received;
};

TEST_CASE("a filter finds the tagged packets that tcpdump finds, by both hooks and both ways") {
    const std::vector<std::string> expressions = {"udp port 9",
                                                  "vlan",
                                                  "vlan 5 and udp port 9",
                                                  "vlan 6",
                                                  "vlan and vlan",
                                                  "vlan 5 and vlan 7 and udp port 10",
                                                  "host 10.7.0.3",
                                                  "not udp",
                                                  "not vlan",
                                                  "udp port 10 and vlan",
                                                  "udp port 10 or vlan 6",
                                                  "vlan and len = 82",
                                                  "ether[12:2] = 0x800"};
    for (const TagView& view :
         {TagView{"received, tc", "tc", true}, TagView{"received, xdp", "xdp", true},
          TagView{"sent", "tc", false}}) {
        const Cable cable;
        // XDP sees the bytes as they were sent, and one program fits on an interface.
        const size_t count = view.hook == "xdp" || !view.received ? size_t{5} : expressions.size();
        const Netns& place = view.received ? cable.b : cable.a;
        const std::string interface = view.received ? "vb" : "va";
        const pcapng::Fd socket = packet_socket(cable.a, "va");
        for (size_t first = 0; first < count; first += view.hook == "xdp" ? 1 : count) {
            const size_t end = view.hook == "xdp" ? first + 1 : count;
            std::vector<std::unique_ptr<Process>> ours;
            std::vector<std::unique_ptr<Process>> theirs;
            for (size_t at = first; at < end; at++) {
                ours.push_back(std::make_unique<Capture>(
                    place, std::vector<std::string>{"-i", interface, "--hook", view.hook, "-w",
                                                    "/dev/null", expressions[at]}));
                theirs.push_back(std::make_unique<Process>(
                    Launch{{"tcpdump", "--immediate-mode", "-i", interface, "-w", "/dev/null",
                            expressions[at]},
                           &place}));
                theirs.back()->wait_for("listening on");
            }
            for (const auto& frame : tagged_frames()) {
                send_frame(socket, frame);
            }
            usleep(200'000);  // until tcpdump has read them
            for (size_t at = first; at < end; at++) {
                INFO(view.name << ": " << expressions[at]);
                const size_t expected = taken_by(*theirs[at - first]);
                CHECK((expected > 0 || !view.received));  // what is sent has its tags in the bytes
                CHECK(taken_by(*ours[at - first]) == expected);
            }
        }
    }
}

TEST_CASE("a filter on a VLAN's parent finds what is sent and received through the VLAN") {
    const Cable cable;
    {
        const InNetns inside(cable.a);
        if (run({"ip", "link", "add", "v5", "link", "va", "type", "vlan", "id", "5"}).status != 0) {
            WARN("this kernel has no VLAN devices: not tested");
            return;
        }
    }
    cable.a.ip("address add 10.9.0.1/24 dev v5");
    cable.a.ip("link set v5 up");
    cable.b.ip("link add v5 link vb type vlan id 5");
    cable.b.ip("address add 10.9.0.2/24 dev v5");
    cable.b.ip("link set v5 up");
    const pcapng::Fd receiver = udp_socket(cable.b, "10.9.0.2", 9);
    const pcapng::Fd sender = udp_socket(cable.a, "10.9.0.1");
    connect_to(sender, "10.9.0.2", 9);
    send_numbered(sender, 0, 1, 50);  // which asks for the neighbour
    for (const std::string expression : {"udp port 9", "vlan 5 and udp port 9"}) {
        INFO(expression);
        Capture sent(cable.a, {"-i", "va", "-w", "/dev/null", expression});
        Capture received(cable.b, {"-i", "vb", "-w", "/dev/null", expression});
        Process tcpdump(Launch{
            {"tcpdump", "--immediate-mode", "-i", "va", "-w", "/dev/null", expression}, &cable.a});
        tcpdump.wait_for("listening on");
        REQUIRE(send_numbered(sender, 0, 5, 50) == 5);
        usleep(200'000);
        CHECK(taken_by(tcpdump) == 5);
        CHECK(taken_by(sent) == 5);
        CHECK(taken_by(received) == 5);
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
