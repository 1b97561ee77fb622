// SPDX-License-Identifier: GPL-2.0-only
//
// Promiscuous mode: an interface that is named takes what passes by for other machines, as with
// tcpdump; that is nobody's here; and nothing of it is left afterwards.
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/child.h"
#include "tests/support/frames.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace test;

constexpr std::array<uint8_t, 6> kMacOther = {2, 0, 0, 0, 0, 12};
constexpr int kFrames = 7;

// A switch between two machines, as a bridge of this one.
struct Switch {
    Netns bridge;
    Netns one;
    Netns other;
    Switch() {
        for (const Netns* netns : {&bridge, &one, &other}) {
            make_quiet(*netns);
        }
        bridge.ip("link add br0 address 02:00:00:00:00:0b type bridge");
        bridge.ip("link add p1 type veth peer name va address 02:00:00:00:00:0a netns " +
                  one.path());
        bridge.ip("link add p2 type veth peer name vc address 02:00:00:00:00:0c netns " +
                  other.path());
        for (const char* name : {"p1", "p2"}) {
            bridge.ip(std::string("link set ") + name + " master br0 up");
        }
        bridge.ip("link set br0 up");
        bridge.ip("address add 10.7.0.2/24 dev br0");
        one.ip("link set va up");
        other.ip("link set vc up");
    }
};

std::string promiscuity(const Netns& netns, const std::string& interface) {
    const std::string text = run_in(netns, "ip -d link show dev " + interface);
    const size_t at = text.find("promiscuity ");
    return at == std::string::npos ? "?" : text.substr(at + 12, text.find(' ', at + 12) - at - 12);
}

// Until it is so; fails the test otherwise.
void wait_for_promiscuity(const Netns& netns, const std::string& interface,
                          const std::string& wanted) {
    for (int tries = 0; tries < 600 && promiscuity(netns, interface) != wanted; tries++) {
        usleep(20'000);
    }
    CHECK(promiscuity(netns, interface) == wanted);
}

const FrameEnd kPeer{kMacA, kAddressA, 4444};
// This machine's address, in frames for another one.
const FrameEnd kPassesBy{kMacOther, kAddressB, 9};
const FrameEnd kForUs{kMacB, kAddressB, 9};

}  // namespace

TEST_CASE("a bridge that is named shows what passes it, as with tcpdump; any and -p don't") {
    const Switch world;
    const TemporaryFolder folder;
    const pcapng::Fd socket = packet_socket(world.one, "va");
    const auto pass_by = [&] {
        for (int i = 0; i < kFrames; i++) {
            send_frame(socket, udp_frame(kPeer, kPassesBy));
        }
    };
    const auto captured = [&](const std::vector<std::string>& arguments) {
        const std::string file = folder.file("bridge.pcapng");
        std::vector<std::string> all = arguments;
        all.insert(all.end(), {"-w", file, "udp port 9"});
        Capture capture(world.bridge, all);
        pass_by();
        capture.stop();
        return packets_by_interface(file)["br0"];
    };
    CHECK(captured({"-i", "br0", "-p"}) == 0);
    CHECK(captured({"-i", "any"}) == 0);
    CHECK(captured({"-i", "br0"}) == kFrames);
    CHECK(captured({"-i", "any", "-i", "br0"}) == kFrames);
    CHECK(promiscuity(world.bridge, "br0") == "0");

    Process tcpdump(Launch{{"tcpdump", "-i", "br0", "-nlc", "7", "udp port 9"}, &world.bridge});
    tcpdump.wait_for("listening on");
    pass_by();
    CHECK(tcpdump.wait() == 0);
}

TEST_CASE("what passes by has no process here, whoever has a socket with its addresses") {
    const Cable cable;
    const TemporaryFolder folder;
    const pcapng::Fd connected = udp_socket(cable.b, kAddressB, 9);
    connect_to(connected, kAddressA, kPeer.port);
    const pcapng::Fd open = udp_socket(cable.b, kAddressB, 10);
    for (const std::string hook : {"tc", "xdp"}) {
        INFO(hook);
        const std::string file = folder.file(hook);
        Capture capture(cable.b, {"-i", "vb", "--hook", hook, "-w", file, "udp"});
        // A process of its own, which the veth's far end knows by its socket.
        Child sender([&] {
            const pcapng::Fd socket = packet_socket(cable.a, "va");
            for (const uint16_t port : {uint16_t{9}, uint16_t{10}}) {
                for (const auto& mac : {kMacOther, kMacB}) {
                    send_frame(socket, udp_frame(kPeer, {mac, kAddressB, port}));
                }
            }
        });
        capture.stop();
        const auto rows = fields_of(file, {"eth.dst", "udp.dstport", "frame.comment"});
        REQUIRE(rows.size() == 4);
        for (const auto& row : rows) {
            INFO(row[0] << " " << row[1] << " " << row[2]);
            const bool ours = row[0] == "02:00:00:00:00:0b";
            CHECK(contains(row[2], "via=lookup") == ours);
            CHECK(contains(" " + row[2], " pid=" + std::to_string(getpid()) + " ") == ours);
            CHECK(contains(row[2], "via=forwarded") == (!ours && hook == "xdp"));
        }
    }
}

TEST_CASE("promiscuous mode ends with the capture, also by SIGKILL, and begins with its device") {
    const Cable cable;
    CHECK(promiscuity(cable.b, "vb") == "0");
    {
        Capture capture(cable.b, {"-i", "vb", "-w", "/dev/null"});
        CHECK(promiscuity(cable.b, "vb") == "1");
        // By now it has given up all rights.
        cable.b.ip("link del vb");
        cable.b.ip("link add vb type veth peer name vd");
        wait_for_promiscuity(cable.b, "vb", "1");
        CHECK(promiscuity(cable.b, "vd") == "0");
        capture.signal(SIGKILL);
        CHECK(capture.wait() == 128 + SIGKILL);
    }
    wait_for_promiscuity(cable.b, "vb", "0");
    Capture capture(cable.b, {"-i", "vb", "-w", "/dev/null"});
    CHECK(promiscuity(cable.b, "vb") == "1");
    capture.stop();
    CHECK(promiscuity(cable.b, "vb") == "0");
}

TEST_CASE("a network namespace that comes later is captured, and not in promiscuous mode",
          "[alone]") {
    const Cable cable;
    Capture capture(cable.b, {"-i", "vb", "--netns", "all", "-w", "/dev/null"});
    const Netns late;
    late.ip("link add vb type veth peer name vx");
    const Process inside(Launch{{"sleep", "infinity"}, &late});
    capture.wait_for("vb: not in promiscuous mode");
    CHECK(promiscuity(late, "vb") == "0");
    capture.stop();
}

TEST_CASE("without the right to promiscuous mode a capture says so, and goes on") {
    const std::vector<std::pair<std::vector<std::string>, bool>> cases = {
        {{"-i", "lo"}, true}, {{"-i", "lo", "-p"}, false}, {{"-i", "any"}, false}};
    for (const auto& [arguments, told] : cases) {
        std::vector<std::string> all = arguments;
        all.insert(all.end(), {"-w", "/dev/null", "--duration", "0.1"});
        const std::string capabilities = "-all,+bpf,+perfmon,+net_admin,+dac_read_search";
        const CommandResult result = run(
            pidcap_command(all, {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                 "--inh-caps=" + capabilities, "--ambient-caps=" + capabilities}));
        INFO(result.err);
        CHECK(result.status == 0);
        CHECK(contains(result.err, "listening on"));
        CHECK(contains(result.err, "interface lo: not in promiscuous mode") == told);
        CHECK(contains(result.err, "CAP_NET_RAW") == told);
    }
}
