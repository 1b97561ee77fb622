// SPDX-License-Identifier: GPL-2.0-only
//
// Which programs a capture has the kernel verify, by the link layers of its interfaces.
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/loaded_programs.h"
#include "tests/support/netns.h"
#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;
using Names = std::set<std::string>;

const Names kEthernet = {"ethernet_in", "ethernet_out"};
const Names kIp = {"ip_in", "ip_out"};
const Names kLoopback = {"loopback"};

Names operator+(Names all, const Names& more) {
    all.insert(more.begin(), more.end());
    return all;
}

// Those of the process that have packets.
Names packet_programs_of(pid_t pid) {
    const Names names = loaded_programs(pid);
    Names known = kEthernet + kIp + kLoopback + Names{"xdp_in", "socket_in", "socket_out"};
    std::erase_if(known, [&](const std::string& name) { return !names.contains(name); });
    return known;
}

Names programs_for(const Netns& netns, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-w", "/dev/null"});
    Capture capture(netns, arguments);
    Names names = packet_programs_of(capture.pid());
    capture.stop();
    return names;
}

}  // namespace

TEST_CASE("only programs for the link layers of the interfaces that are captured are loaded") {
    const Netns netns;
    netns.ip("link add e0 type veth peer name e1");
    netns.ip("link property add dev e0 altname another-name-for-e0");
    netns.ip("tuntap add t0 mode tun");
    CHECK(programs_for(netns, {"-i", "lo"}) == kLoopback);
    CHECK(programs_for(netns, {"-i", "another-name-for-e0"}) == kEthernet);
    CHECK(programs_for(netns, {"-i", "t0"}) == kIp);
    CHECK(programs_for(netns, {"-i", "t0", "-i", "lo", "udp"}) == kIp + kLoopback);
    CHECK(programs_for(netns, {"-i", "e0", "--hook", "xdp"}) == kEthernet + Names{"xdp_in"});
    // Others may come.
    CHECK(programs_for(netns, {"-i", "any"}) == kEthernet + kIp + kLoopback);
}

TEST_CASE("with other network namespaces, the link layers are those that the names have there") {
    const Netns netns;
    const Netns other;
    other.ip("link add x0 type veth peer name x1");
    netns.ip("tuntap add x0 mode tun");
    const std::string path = other.path();
    CHECK(programs_for(netns, {"-i", "x0", "--netns", path}) == kEthernet);
    CHECK(programs_for(netns, {"-i", "x0", "--netns", path, "--netns", netns.path()}) ==
          kEthernet + kIp);
}

TEST_CASE(
    "an interface that comes back with another link layer is told of, and the capture goes on") {
    const Netns netns;
    netns.ip("link add x0 type veth peer name x1");
    const TemporaryFolder folder;
    const std::string file = folder.file("x.pcapng");
    Capture capture(netns, {"-i", "x0", "-w", file});
    netns.ip("link del x0");
    netns.ip("tuntap add x0 mode tun");
    capture.wait_for(
        "pidcap: skipped: interface x0: no interface had its link layer at the start: start the "
        "capture again");
    netns.ip("link del x0");
    netns.ip("link add x0 type veth peer name x1");
    netns.ip("address add 10.99.0.1/24 dev x0");
    netns.ip("link set x1 up");
    netns.ip("link set x0 up");
    // To nobody: only its question for the address is seen, several times.
    Process(Launch{{"ping", "-c", "1", "-W", "1", "10.99.0.2"}, &netns}).wait();
    capture.stop();
    CHECK(packets_by_interface(file)["x0"] > 0);
}
