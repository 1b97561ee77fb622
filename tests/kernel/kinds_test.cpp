// SPDX-License-Identifier: GPL-2.0-only
//
// Kinds of interfaces, made between two network namespaces: whose the packets of real programs are
// said to be on the interface and on the one below it. A kind that this kernel lacks is skipped;
// tests/vm has kernels with more of them.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/kernel/traffic.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/packets.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;

// How an end is made. %L, %R: the lower device's address here and at the other end; %D: the lower
// device.
struct Kind {
    std::string name;
    std::vector<std::string> commands;  // of ip(8), at both ends
    std::string device = "x0";          // where the addresses are: 10.9.0.1, 10.9.0.2
    bool tunnel = false;                // the lower device has other packets, around these
    std::string vrf{};                  // ping is bound to it, and the only program
};

const std::vector<Kind> kKinds = {
    {"vlan", {"link add x0 link %D type vlan id 5"}},
    {"macvlan", {"link add x0 link %D type macvlan mode bridge"}},
    {"ipvlan", {"link add x0 link %D type ipvlan mode l2"}},
    {"bridge", {"link add x0 type bridge", "link set %D master x0"}},
    {"bond",
     {"link add x0 type bond mode active-backup", "link set %D down", "link set %D master x0"}},
    {"vrf",
     {"link add r0 type vrf table 10", "link set r0 up", "link add x0 link %D type vlan id 5",
      "link set x0 master r0"},
     "x0",
     false,
     "r0"},
    {"vxlan", {"link add x0 type vxlan id 5 dev %D local %L remote %R dstport 4789"}, "x0", true},
    {"geneve", {"link add x0 type geneve id 5 remote %R"}, "x0", true},
    {"gre", {"link add x0 type gre local %L remote %R"}, "x0", true},
    {"gretap", {"link add x0 type gretap local %L remote %R"}, "x0", true},
    {"ipip", {"link add x0 type ipip local %L remote %R"}, "x0", true},
};

std::string filled(std::string words, bool near) {
    const std::map<std::string, std::string> values = {{"%D", near ? "va" : "vb"},
                                                       {"%L", near ? kAddressA : kAddressB},
                                                       {"%R", near ? kAddressB : kAddressA}};
    for (const auto& [name, value] : values) {
        for (size_t at = words.find(name); at != std::string::npos; at = words.find(name)) {
            words.replace(at, name.size(), value);
        }
    }
    return words;
}

// Returns false if this kernel lacks the kind.
bool make_end(const Kind& kind, const Netns& netns, bool near) {
    for (const std::string& words : kind.commands) {
        std::vector<std::string> command = {"ip"};
        std::istringstream stream(filled(words, near));
        for (std::string word; stream >> word;) {
            command.push_back(word);
        }
        const InNetns inside(netns);
        const CommandResult result = run(command);
        if (contains(result.err, "Unknown device type") || contains(result.err, "not supported")) {
            return false;
        }
        INFO(kind.name << ": " << words << ": " << result.err);
        REQUIRE(result.status == 0);
    }
    netns.ip("address add 10.9.0." + std::string(near ? "1" : "2") + "/24 dev " + kind.device);
    netns.ip("link set " + kind.device + " up");
    netns.ip("link set " + std::string(near ? "va" : "vb") + " up");
    return true;
}

// A packet's ends as a file has them, and who may be there.
struct Ends {
    uint32_t sender = 0;  // pid; 0: none is named
    uint32_t receiver = 0;
};

Ends ends_of(const Packet& packet) {
    const auto self = packet.self();
    const auto peer = packet.peer();
    const auto at = packet.comment.find("at");
    const bool at_sender = at != packet.comment.end() ? at->second == "sender" : packet.outbound;
    const uint32_t pid = self ? self->pid : 0;
    const uint32_t other = peer ? peer->pid : 0;
    return at_sender ? Ends{pid, other} : Ends{other, pid};
}

struct Tally {
    int named = 0;     // packets of the near machine's processes, going out, with their process
    int unnamed = 0;   // those without, and not the kernel's
    int tunneled = 0;  // named via=tunnel
};

// A namespace without a name, as it stands before its interfaces.
std::string label_of(const Netns& netns) {
    struct stat file {};
    REQUIRE(fstat(netns.fd(), &file) == 0);
    return "net:[" + std::to_string(file.st_ino) + "]";
}

// Two machines that are joined by a kind, and who has sent or received there.
struct World {
    const Kind& kind;
    Cable cable{};
    std::set<uint32_t> here{};
    std::set<uint32_t> there{};
};

void make_traffic(World& world) {
    const Kind& kind = world.kind;
    const Cable& cable = world.cable;
    std::vector<std::string> command = {"ping", "-n", "-q", "-c", "3", "-i", "0.02", "10.9.0.2"};
    if (!kind.vrf.empty()) {
        command.insert(command.end() - 1, {"-I", kind.vrf});
    }
    Process ping(Launch{command, &cable.a});
    world.here.insert(static_cast<uint32_t>(ping.pid()));
    INFO(kind.name);
    CHECK(ping.wait() == 0);
    if (!kind.vrf.empty()) {
        return;
    }
    Actor client(cable.a, "client");
    Actor server(cable.b, "server");
    world.here.insert(static_cast<uint32_t>(client.pid()));
    world.there.insert(static_cast<uint32_t>(server.pid()));
    const int to = bound_socket(server, make_address("10.9.0.2", 9), SOCK_DGRAM);
    const int from = connected_socket(client, make_address("10.9.0.2", 9), SOCK_DGRAM);
    const int waits = listener(server, make_address("10.9.0.2", 80));
    const int fd = connected_socket(client, make_address("10.9.0.2", 80), SOCK_STREAM);
    const int served = accept_from(server, waits);
    for (int i = 0; i < 3; i++) {
        pass(client, from, server, to, "datagram");
        pass(client, fd, server, served, "question");
        pass(server, served, client, fd, "answer");
    }
    close_in(client, fd);
    hear_end(server, served);
    close_in(server, served);
    settle(cable.a);
}

// Requires that nobody is named who is at the wrong end, and that all that the near machine's
// processes have sent names them.
void judge(const World& world, const std::vector<Packet>& packets) {
    const Kind& kind = world.kind;
    const std::string near = label_of(world.cable.a) + "/";
    const std::string far = label_of(world.cable.b) + "/";
    std::map<std::string, Tally> tallies;
    for (const Packet& packet : packets) {
        const bool is_near = packet.interface.starts_with(near);
        if (!is_near && !packet.interface.starts_with(far)) {
            continue;
        }
        INFO(kind.name << ": " << describe(packet) << " " << packet.raw_comment);
        const Ends ends = ends_of(packet);
        const auto& senders = packet.outbound == is_near ? world.here : world.there;
        const auto& receivers = packet.outbound == is_near ? world.there : world.here;
        CHECK((ends.sender == 0 || senders.contains(ends.sender)));
        CHECK((ends.receiver == 0 || receivers.contains(ends.receiver)));
        CHECK((ends.sender != 0 || ends.receiver != 0 || !packet.via().empty()));
        if (packet.outbound && packet.protocol != "arp" && packet.protocol != "igmp") {
            Tally& tally = tallies[packet.interface];
            tally.named += ends.sender != 0 ? 1 : 0;
            // The kernel asks for its neighbours, in a tunnel, too.
            tally.unnamed += ends.sender == 0 && packet.via() != "kernel" ? 1 : 0;
            tally.tunneled += packet.via() == "tunnel" ? 1 : 0;
        }
    }
    // Requests of ping, datagrams, the connection.
    const int sent = kind.vrf.empty() ? 3 + 3 + 6 : 3;
    for (const std::string& interface : {near + kind.device, near + "va"}) {
        const Tally& tally = tallies[interface];
        INFO(kind.name << ", " << interface << ": " << tally.named << " named, " << tally.unnamed
                       << " not, " << tally.tunneled << " via=tunnel");
        CHECK(tally.named >= sent);
        CHECK(tally.unnamed == 0);
        CHECK(tally.tunneled == (kind.tunnel && interface == near + "va" ? tally.named : 0));
    }
}

}  // namespace

// One capture for all, since loading the programs takes most of the time.
TEST_CASE("on every kind of interface, and below it, the processes are right or missing") {
    std::vector<std::unique_ptr<World>> worlds;
    std::vector<std::string> arguments = {"-i", "any"};
    for (const Kind& kind : kKinds) {
        auto world = std::make_unique<World>(World{kind});
        if (!make_end(kind, world->cable.a, true) || !make_end(kind, world->cable.b, false)) {
            WARN(kind.name << ": this kernel hasn't got it, so it isn't tested");
            continue;
        }
        for (const Netns* netns : {&world->cable.a, &world->cable.b}) {
            arguments.insert(arguments.end(), {"--netns", netns->path()});
        }
        worlds.push_back(std::move(world));
    }
    const TemporaryFolder folder;
    const std::string file = folder.file("kinds.pcapng");
    arguments.insert(arguments.end(), {"-w", file});
    Capture capture(Launch{arguments});
    for (const auto& world : worlds) {
        make_traffic(*world);
    }
    capture.stop();
    const std::vector<Packet> packets = read_packets(file);
    for (const auto& world : worlds) {
        judge(*world, packets);
    }
}
