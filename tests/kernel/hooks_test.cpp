// SPDX-License-Identifier: GPL-2.0-only
//
// The other places where packets are taken: XDP, sockets, other network namespaces.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <set>

#include "tests/kernel/world.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"

namespace test {
namespace {

std::string net_of(const Netns& netns) {
    struct stat file {};
    REQUIRE(fstat(netns.fd(), &file) == 0);
    return "net:[" + std::to_string(file.st_ino) + "]";
}

struct Talk {
    Who client;
    Who server;
    uint16_t tcp_port = 0;
    uint16_t udp_port = 0;
};

// A TCP connection that waits for its accept, and a datagram each way. The listener is of before
// the capture.
class Conversation {
  public:
    explicit Conversation(const Path& path)
        : path_(path), client_(path.client, "talker"), server_(path.server, "listener") {
        listener_ = listener(server_, path.server_at(0));
        datagrams_ = bound_socket(server_, path.server_at(0), SOCK_DGRAM);
    }
    Talk run() {
        Talk talk{client_.who(), server_.who(), local_port(server_, listener_),
                  local_port(server_, datagrams_)};
        const int client = connected_socket(client_, path_.server_at(talk.tcp_port), SOCK_STREAM);
        say(client_, client, "before the accept");
        const int server = accept_from(server_, listener_);
        hear(server_, server);
        pass(server_, server, client_, client, "answer");
        close_in(client_, client);
        hear_end(server_, server);
        close_in(server_, server);
        const int sender = connected_socket(client_, path_.server_at(talk.udp_port), SOCK_DGRAM);
        pass(client_, sender, server_, datagrams_, "datagram");
        settle(path_.client);
        settle(path_.server);
        return talk;
    }

  private:
    Path path_;
    Actor client_;
    Actor server_;
    int listener_ = -1;
    int datagrams_ = -1;
};

bool is_of(const Packet& packet, const Talk& talk) {
    for (const uint16_t port : {talk.tcp_port, talk.udp_port}) {
        if (packet.source_port == port || packet.destination_port == port) {
            return true;
        }
    }
    return false;
}

bool is_to_server(const Packet& packet, const Talk& talk) {
    return packet.destination_port == talk.tcp_port || packet.destination_port == talk.udp_port;
}

// A program at XDP that lets everything pass.
pcapng::Fd load_xdp_program() {
    const bpf_insn pass[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS},
                             {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    pcapng::Fd program(bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", pass, 2, nullptr));
    REQUIRE(program.valid());
    return program;
}

uint32_t xdp_program_of(const Netns& netns, const std::string& interface) {
    const InNetns inside(netns);
    uint32_t id = 0;
    REQUIRE(bpf_xdp_query_id(static_cast<int>(if_nametoindex(interface.c_str())), 0, &id) == 0);
    return id;
}

TEST_CASE("xdp: what comes in has the receiver that it has at traffic control") {
    World world;
    for (const Path& path : world.paths()) {
        if (path.loopback) {
            continue;
        }
        Conversation conversation(path);
        const TemporaryFolder folder;
        Capture capture(world.far(),
                        {"-i", "veth0", "--hook", "xdp", "-w", folder.file("x.pcapng")});
        CHECK(xdp_program_of(world.far(), "veth0") != 0);
        const Talk talk = conversation.run();
        capture.stop();
        CHECK(xdp_program_of(world.far(), "veth0") == 0);
        size_t in = 0;
        size_t out = 0;
        for (const Packet& packet : read_packets(folder.file("x.pcapng"))) {
            if (!is_of(packet, talk)) {
                continue;
            }
            INFO(describe(packet));
            (packet.outbound ? out : in)++;
            REQUIRE(packet.self());
            CHECK(difference(*packet.self(), talk.server) == "");
            const bool closed = packet.via() == "flow";
            CHECK((closed || packet.via() == (packet.outbound ? "socket" : "lookup")));
        }
        CHECK(in >= 6);
        CHECK(out >= 4);
        require_readable(folder.file("x.pcapng"));
    }
}

TEST_CASE("xdp: a ping's replies are its own, and a stranger's packets nobody's") {
    World world;
    const TemporaryFolder folder;
    const std::string file = folder.file("x.pcapng");
    Capture capture(world.near(), {"-i", "veth0", "--hook", "xdp", "-w", file});
    Process ping(Launch{{"ping", "-n", "-q", "-c", "3", "-i", "0.02", "10.77.0.2"}, &world.near()});
    const auto pid = static_cast<uint32_t>(ping.pid());
    CHECK(ping.wait() == 0);
    Actor stranger(world.far(), "stranger");
    const int socket = connected_socket(stranger, make_address("10.77.0.1", 9), SOCK_DGRAM);
    say(stranger, socket, "to a closed port");
    capture.stop();
    const std::vector<Packet> packets = read_packets(file);
    for (const Packet& packet : select(
             packets, [](const Packet& p) { return p.icmp_type == 0; }, 3)) {
        REQUIRE(packet.self());
        CHECK(packet.self()->pid == pid);
        CHECK(packet.via() == "icmp-echo");
        CHECK_FALSE(packet.outbound);
    }
    for (const Packet& packet :
         select(packets, [](const Packet& p) { return p.destination_port == 9; })) {
        CHECK_FALSE(packet.self());
    }
}

TEST_CASE("xdp: an interface that has a program is refused, and keeps it") {
    World world;
    const pcapng::Fd program = load_xdp_program();
    {
        const InNetns inside(world.near());
        REQUIRE(bpf_xdp_attach(static_cast<int>(if_nametoindex("veth0")), program.get(), 0,
                               nullptr) == 0);
    }
    const uint32_t before = xdp_program_of(world.near(), "veth0");
    REQUIRE(before != 0);
    const TemporaryFolder folder;
    Process refused(
        Launch{{PIDCAP_PROGRAM, "-i", "veth0", "--hook", "xdp", "-w", folder.file("x.pcapng")},
               &world.near()});
    CHECK(refused.wait() == 1);
    CHECK(refused.err().find("program " + std::to_string(before) + " is there already") !=
          std::string::npos);
    CHECK(refused.err().find("--hook tc") != std::string::npos);
    CHECK(xdp_program_of(world.near(), "veth0") == before);
}

TEST_CASE("cgroup: every socket's packets, in each network namespace, with their owners",
          "[alone]") {
    World world;
    const TemporaryFolder folder;
    const std::string file = folder.file("c.pcapng");
    std::vector<std::unique_ptr<Conversation>> conversations;
    for (const Path& path : world.paths()) {
        conversations.push_back(std::make_unique<Conversation>(path));
    }
    Capture capture(Launch{.arguments = {"--hook", "cgroup", "-w", file}});
    std::vector<Talk> talks;
    for (const auto& conversation : conversations) {
        talks.push_back(conversation->run());
    }
    // In a namespace that is made while the capture runs.
    const Netns later;
    Actor late(later, "latecomer");
    bound_socket(late, make_address("127.0.0.1", 9), SOCK_DGRAM);
    say(late, connected_socket(late, make_address("127.0.0.1", 9), SOCK_DGRAM), "late");
    const Who latecomer = late.who();
    capture.stop();
    CHECK(output_of({"capinfos", file}).find("Raw IP") != std::string::npos);
    CHECK(totals_of(capture.err()).dropped == 0);

    const std::vector<Packet> packets = read_packets(file);
    const std::string near = net_of(world.near());
    const std::string far = net_of(world.far());
    for (size_t i = 0; i < talks.size(); i++) {
        const Path path = world.paths()[i];
        const Talk& talk = talks[i];
        INFO(path.name);
        size_t sent_by_client = 0;
        size_t seen_by_server = 0;
        for (const Packet& packet : packets) {
            if (!is_of(packet, talk)) {
                continue;
            }
            INFO(describe(packet));
            const bool to_server = is_to_server(packet, talk);
            REQUIRE(packet.self());
            // On lo once, by the sender; else at both ends, each with its own process.
            const bool at_client = to_server == packet.outbound;
            CHECK(difference(*packet.self(), at_client ? talk.client : talk.server) == "");
            const std::string place = at_client || path.loopback ? near : far;
            CHECK(packet.interface == place + (path.loopback ? "/lo" : "/veth0"));
            CHECK((!path.loopback || packet.outbound));
            sent_by_client += to_server && packet.outbound;
            seen_by_server += to_server && !packet.outbound;
        }
        CHECK(sent_by_client >= 6);
        CHECK(seen_by_server == (path.loopback ? 0 : sent_by_client));
    }
    const auto late_packets = select(packets, [&](const Packet& packet) {
        return packet.interface == net_of(later) + "/lo" && packet.destination_port == 9;
    });
    CHECK(difference(*late_packets.front().self(), latecomer) == "");
}

TEST_CASE("cgroup: a ping's replies come to its socket", "[alone]") {
    World world;
    const TemporaryFolder folder;
    const std::string file = folder.file("c.pcapng");
    Capture capture(Launch{.arguments = {"--hook", "cgroup", "-w", file}});
    std::map<std::string, uint32_t> pings;
    for (const Path& path : world.paths()) {
        Process ping(Launch{{"ping", "-n", "-q", "-c", "2", "-i", "0.02", path.server_address},
                            &path.client});
        pings[path.server_address] = static_cast<uint32_t>(ping.pid());
        CHECK(ping.wait() == 0);
    }
    capture.stop();
    const std::string near = net_of(world.near());
    const auto replies = select(
        read_packets(file),
        [&](const Packet& packet) {
            const bool reply = packet.icmp_type == 0 || packet.icmp_type == 129;
            return reply && packet.interface.starts_with(near) && pings.contains(packet.source);
        },
        8);
    CHECK(replies.size() == 8);
    for (const Packet& packet : replies) {
        INFO(describe(packet));
        REQUIRE(packet.self());
        CHECK(packet.self()->pid == pings[packet.source]);
    }
}

TEST_CASE("without processes each hook has the packets, and says of nobody whose they are",
          "[alone]") {
    for (const char* hook : {"tc", "xdp", "cgroup"}) {
        INFO(hook);
        World world;
        const TemporaryFolder folder;
        const std::string file = folder.file("n.pcapng");
        std::vector<std::string> arguments = {"--no-process", "--hook", hook, "-w", file};
        if (hook != std::string("cgroup")) {
            arguments.insert(arguments.end(), {"-i", "veth0"});
        }
        arguments.emplace_back("udp");
        Capture capture(world.near(), arguments);
        const Talk talk = Conversation(world.paths()[2]).run();
        capture.stop();
        CHECK(totals_of(capture.err()).dropped == 0);
        const std::string sent = "udp.dstport == " + std::to_string(talk.udp_port) +
                                 " && frame.packet_flags_direction == 2";
        CHECK(fields_of(file, {"frame.number"}, sent).size() == 1);
        CHECK(fields_of(file, {"frame.comment"}, "frame.comment").empty());
    }
}

TEST_CASE("netns: interfaces of other namespaces, by path and by process, are captured by name") {
    World world;
    const TemporaryFolder folder;
    const std::string file = folder.file("n.pcapng");
    Actor resident(world.far(), "resident");
    Capture capture(
        Launch{.arguments = {"--netns", world.near().path(), "--netns",
                             std::to_string(resident.pid()), "-i", "veth0", "-w", file}});
    const Path path = world.paths()[2];
    const Talk talk = Conversation(path).run();
    capture.stop();
    require_readable(file);
    std::map<std::string, size_t> seen;
    for (const Packet& packet : read_packets(file)) {
        if (!is_of(packet, talk)) {
            continue;
        }
        INFO(describe(packet));
        seen[packet.interface]++;
        REQUIRE(packet.self());
        const bool near = packet.interface == net_of(world.near()) + "/veth0";
        CHECK((near || packet.interface == net_of(world.far()) + "/veth0"));
        CHECK(difference(*packet.self(), near ? talk.client : talk.server) == "");
    }
    CHECK(seen.size() == 2);
    CHECK(seen.begin()->second == seen.rbegin()->second);
}

TEST_CASE("netns: what isn't there, or no namespace, is refused by name") {
    for (const char* wrong : {"no-such-namespace", "/no/such/file", "/etc/passwd"}) {
        const CommandResult refused = run({PIDCAP_PROGRAM, "--netns", wrong, "-c", "1"});
        INFO(wrong);
        CHECK(refused.status == 1);
        CHECK(refused.err.find(wrong) != std::string::npos);
    }
    const CommandResult usage = run({PIDCAP_PROGRAM, "--hook", "cgroup", "-i", "lo"});
    CHECK(usage.status == 2);
}

TEST_CASE("netns all: namespaces that come later are captured, and none is kept alive", "[alone]") {
    const TemporaryFolder folder;
    const std::string file = folder.file("all.pcapng");
    Capture capture(Launch{.arguments = {"--netns", "all", "-i", "any", "-w", file}});
    std::string place;
    Who who;
    {
        const Netns later;
        place = net_of(later) + "/lo";
        Actor resident(later, "resident");
        who = resident.who();
        bound_socket(resident, make_address("127.0.0.1", 9), SOCK_DGRAM);
        const int socket = connected_socket(resident, make_address("127.0.0.1", 9), SOCK_DGRAM);
        for (int tries = 0; tries < 400; tries++) {
            say(resident, socket, "there");
            if (output_of({"capinfos", file}).find("Name = " + place + "\n") != std::string::npos) {
                break;
            }
            usleep(50'000);
        }
    }
    // The capture's sockets in the namespace are closed once nobody else is in it.
    const std::string sockets = "/proc/" + std::to_string(capture.pid()) + "/fd";
    const std::string inode = place.substr(0, place.size() - 3);
    bool held = true;
    for (int tries = 0; tries < 200 && held; tries++) {
        held = run({"ls", "-l", sockets}).out.find(inode) != std::string::npos;
        usleep(50'000);
    }
    CHECK_FALSE(held);
    capture.stop();
    const auto packets = select(read_packets(file), [&](const Packet& packet) {
        return packet.interface == place && packet.destination_port == 9;
    });
    CHECK(difference(*packets.front().self(), who) == "");
}

}  // namespace
}  // namespace test
