// SPDX-License-Identifier: GPL-2.0-only
//
// Interfaces that come, go, change their name or their state during a capture; very many of them;
// and one without a link layer.
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;

constexpr uint16_t kPort = 9;

// For 500 interfaces to be attached to, or released. Normal grace periods take 10 to 16 s.
constexpr double kManySeconds = 3;
constexpr const char* kExpedited = "/sys/kernel/rcu_expedited";

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// The test's own packets, which the probes aren't.
constexpr const char* kCounted = "udp.length == 108";

void probe(const pcapng::Fd& socket) {
    REQUIRE(send_numbered(socket, 0, 1, 50) == 1);
}

void probe_link(const pcapng::Fd& socket) {
    std::vector<uint8_t> frame = payload_of(1, 60);
    frame[0] = 2;  // to somebody in particular
    REQUIRE(send(socket.get(), frame.data(), frame.size(), 0) == 60);
}

// Until the capture has so many interfaces of this name in its file: one that comes again is
// described again, with its first packet, which `probe` sends. The file may be empty still, or end
// in the middle of a block.
void wait_for_interface(const std::string& file, const std::string& name,
                        const std::function<void()>& probe, size_t count = 1) {
    for (int tries = 0; tries < 600; tries++) {
        probe();
        if (occurrences(run({"capinfos", file}).out, "Name = " + name + "\n") >= count) {
            return;
        }
        usleep(50'000);
    }
    FAIL("no interface " << name << " in the file");
}

}  // namespace

TEST_CASE("any follows interfaces that appear, and captures their traffic from both ends") {
    const Netns netns;
    make_quiet(netns);
    const TemporaryFolder folder;
    const std::string file = folder.file("any.pcapng");
    Capture capture(netns, {"-i", "any", "-w", file});
    for (size_t round = 1; round <= 3; round++) {
        netns.ip("link add v1 type veth peer name v2");
        netns.ip("link set v1 up");
        netns.ip("link set v2 up");
        const pcapng::Fd socket = packet_socket(netns, "v1");
        wait_for_interface(
            file, "v1", [&] { probe_link(socket); }, round);
        wait_for_interface(
            file, "v2", [&] { probe_link(socket); }, round);
        std::vector<uint8_t> frame = payload_of(1, 100);
        frame[0] = 2;  // to somebody in particular
        for (int i = 0; i < 5; i++) {
            REQUIRE(send(socket.get(), frame.data(), frame.size(), 0) == 100);
        }
        netns.ip("link del v1");
    }
    capture.stop();
    const auto counts = packets_by_interface(file, "frame.len == 100");
    CHECK(counts == std::map<std::string, int>{{"v1", 15}, {"v2", 15}});
    CHECK(totals_of(capture.err()).dropped == 0);
    require_readable(file);
}

TEST_CASE("an interface that vanishes under traffic ends no capture") {
    const Line line;
    const Cable& cable = line.cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("gone.pcapng");
    const pcapng::Fd lo_receiver = udp_socket(cable.a, "127.0.0.1", kPort);
    const pcapng::Fd lo = udp_socket(cable.a, "127.0.0.1");
    connect_to(lo, "127.0.0.1", kPort);
    Capture capture(cable.a, {"-i", "any", "-w", file});
    std::atomic<uint64_t> sent = 0;
    std::thread traffic([&] {
        const std::vector<uint8_t> payload = payload_of(0, 100);
        while (send(line.sender.get(), payload.data(), payload.size(), 0) == 100) {
            sent++;
        }
    });
    while (sent < 1000) {
        usleep(1000);
    }
    cable.b.ip("link del vb");
    traffic.join();
    REQUIRE(send_numbered(lo, 0, 10, 50) == 10);
    capture.stop();
    const Totals totals = totals_of(capture.err());
    CHECK(totals.captured + totals.dropped == sent + 10);
    const auto counts = packets_by_interface(file);
    CHECK(counts.at("lo") == 10);
    CHECK(static_cast<uint64_t>(counts.at("va")) == totals.captured - 10);
    require_readable(file);
}

TEST_CASE("a renamed interface goes on under its new name") {
    const Line line;
    const Cable& cable = line.cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("renamed.pcapng");
    Capture capture(cable.a, {"-i", "va", "-w", file});
    REQUIRE(send_numbered(line.sender, 0, 7, 100) == 7);
    cable.a.ip("link set va name uplink");
    wait_for_interface(file, "uplink", [&] { probe(line.sender); });
    REQUIRE(send_numbered(line.sender, 0, 5, 100) == 5);
    cable.a.ip("link set uplink name va");
    REQUIRE(send_numbered(line.sender, 0, 3, 100) == 3);
    capture.stop();
    const auto rows = fields_of(file, {"frame.interface_name", "frame.interface_id"}, kCounted);
    REQUIRE(rows.size() == 15);
    CHECK(rows.front() == std::vector<std::string>{"va", "0"});
    CHECK(rows.at(7) == std::vector<std::string>{"uplink", "1"});
    CHECK(packets_by_interface(file, kCounted)["va"] >= 7);
    require_readable(file);
}

TEST_CASE("a name that was asked for is captured on the interface that takes it later") {
    const Netns netns;
    make_quiet(netns);
    netns.ip("link add w1 type veth peer name w2");
    const TemporaryFolder folder;
    const std::string file = folder.file("taken.pcapng");
    Capture capture(netns, {"-i", "w1", "-w", file});
    netns.ip("link del w1");
    netns.ip("link add x1 type veth peer name x2");
    netns.ip("link set x1 name w1");
    netns.ip("link set w1 up");
    netns.ip("link set x2 up");
    const pcapng::Fd socket = packet_socket(netns, "w1");
    wait_for_interface(
        file, "w1", [&] { probe_link(socket); }, 2);
    std::vector<uint8_t> frame = payload_of(1, 100);
    frame[0] = 2;  // to somebody in particular
    REQUIRE(send(socket.get(), frame.data(), frame.size(), 0) == 100);
    capture.stop();
    CHECK(packets_by_interface(file, "frame.len == 100") == std::map<std::string, int>{{"w1", 1}});
}

TEST_CASE("packets from before a rename stand under the old name") {
    const Line line;
    const Cable& cable = line.cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("renamed.pcapng");
    Capture capture(cable.a, {"-i", "va", "-w", file});
    capture.signal(SIGSTOP);
    REQUIRE(send_numbered(line.sender, 0, 9, 100) == 9);
    cable.a.ip("link set va name uplink");
    capture.signal(SIGCONT);
    wait_for_interface(file, "uplink", [&] { probe(line.sender); });
    REQUIRE(send_numbered(line.sender, 0, 4, 100) == 4);
    capture.stop();
    CHECK(packets_by_interface(file, kCounted) ==
          std::map<std::string, int>{{"va", 9}, {"uplink", 4}});
}

TEST_CASE("an interface that goes down and up again is captured on") {
    const Line line;
    const Cable& cable = line.cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("updown.pcapng");
    Capture capture(cable.a, {"-i", "va", "-w", file});
    REQUIRE(send_numbered(line.sender, 0, 4, 100) == 4);
    cable.a.ip("link set va down");
    cable.a.ip("link set va up");
    cable.a.ip("neigh replace 10.7.0.2 lladdr 02:00:00:00:00:0b dev va nud permanent");
    REQUIRE(send_numbered(line.sender, 4, 6, 100) == 6);
    capture.stop();
    CHECK(fields_of(file, {"udp.length"}, "udp.dstport == 9").size() == 10);
}

TEST_CASE("a capture of one direction holds only that, and the flags in the file say it") {
    const Cable cable;
    const TemporaryFolder folder;
    const pcapng::Fd a = udp_socket(cable.a, kAddressA, kPort);
    const pcapng::Fd b = udp_socket(cable.b, kAddressB, kPort);
    connect_to(a, kAddressB, kPort);
    connect_to(b, kAddressA, kPort);
    for (const std::string direction : {"in", "out", "inout"}) {
        INFO("-Q " << direction);
        const std::string file = folder.file(direction);
        Capture capture(cable.a, {"-i", "va", "-Q", direction, "-w", file});
        REQUIRE(send_numbered(a, 0, 3, 100) == 3);
        REQUIRE(send_numbered(b, 0, 2, 50) == 2);
        capture.stop();
        const std::string out = "frame.packet_flags_direction == 2 && ip.src == 10.7.0.1";
        const std::string in = "frame.packet_flags_direction == 1 && ip.src == 10.7.0.2";
        CHECK(fields_of(file, {"frame.len"}, out).size() == (direction == "in" ? 0 : 3));
        CHECK(fields_of(file, {"frame.len"}, in).size() == (direction == "out" ? 0 : 2));
        CHECK(packets_of(file).size() == (direction == "in" ? 2 : direction == "out" ? 3 : 5));
    }
}

TEST_CASE("several -i, one of them twice, give each packet once") {
    const Line line;
    const Cable& cable = line.cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("several.pcapng");
    const pcapng::Fd lo_receiver = udp_socket(cable.a, "127.0.0.1", kPort);
    const pcapng::Fd lo = udp_socket(cable.a, "127.0.0.1");
    connect_to(lo, "127.0.0.1", kPort);
    Capture capture(cable.a, {"-i", "va", "-i", "lo", "-i", "va", "-i", "any", "-w", file});
    REQUIRE(send_numbered(line.sender, 0, 8, 100) == 8);
    REQUIRE(send_numbered(lo, 0, 6, 100) == 6);
    capture.stop();
    CHECK(packets_by_interface(file) == std::map<std::string, int>{{"va", 8}, {"lo", 6}});
    require_readable(file);  // tcpdump too: two interfaces, one link type
}

TEST_CASE("500 interfaces are captured at once, and take less than 3 s each way", "[alone]") {
    constexpr int kPairs = 250;
    const Netns netns;
    make_quiet(netns);
    const TemporaryFolder folder;
    const std::string file = folder.file("many.pcapng");
    {
        std::ofstream batch(folder.file("batch"));
        for (int i = 0; i < kPairs; i++) {
            batch << "link add a" << i << " type veth peer name b" << i << "\n"
                  << "link set a" << i << " up\nlink set b" << i << " up\n";
        }
    }
    netns.ip("-batch " + folder.file("batch"));
    const std::string expedited = content_of(kExpedited);
    const auto start = Clock::now();
    Capture capture(netns, {"-i", "any", "-w", file});
    CHECK(seconds_since(start) < kManySeconds);
    CHECK(contains(capture.err(), "listening on 501 interfaces"));
    CHECK(content_of(kExpedited) == expedited);
    std::vector<uint8_t> frame = payload_of(1, 100);
    frame[0] = 2;
    for (int i = 0; i < kPairs; i++) {
        const pcapng::Fd socket = packet_socket(netns, "a" + std::to_string(i));
        REQUIRE(send(socket.get(), frame.data(), frame.size(), 0) == 100);
    }
    const auto end = Clock::now();
    capture.stop();
    CHECK(seconds_since(end) < kManySeconds);
    CHECK(content_of(kExpedited) == expedited);
    const auto counts = packets_by_interface(file, "frame.len == 100");
    CHECK(counts.size() == size_t{2} * kPairs);
    CHECK(std::all_of(counts.begin(), counts.end(), [](auto& each) { return each.second == 1; }));
    CHECK(statistics_of(file).blocks == 2 * kPairs + 1);
    require_readable(file);
}

TEST_CASE("a tun device is captured as raw IP, in both directions") {
    const Netns netns;
    make_quiet(netns);
    const TemporaryFolder folder;
    const std::string file = folder.file("tun.pcapng");
    const pcapng::Fd tun = tun_device(netns);
    const pcapng::Fd socket = udp_socket(netns, "10.8.0.1", kPort);
    connect_to(socket, "10.8.0.2", kPort);
    Capture capture(netns, {"-i", "tun7", "-w", file});
    REQUIRE(send_numbered(socket, 1, 1, 100) == 1);
    std::vector<uint8_t> out(2000);
    const ssize_t size = read(tun.get(), out.data(), out.size());
    REQUIRE(size == 128);
    out.resize(static_cast<size_t>(size));
    // The answer: addresses exchanged (which no checksum notices), ports the same.
    std::vector<uint8_t> in = out;
    std::swap_ranges(in.begin() + 12, in.begin() + 16, in.begin() + 16);
    REQUIRE(write(tun.get(), in.data(), in.size()) == 128);
    capture.stop();

    const auto packets = packets_of(file);
    REQUIRE(packets.size() == 2);
    // The device completes the checksum on the way out, behind the hook.
    const auto same_but_checksum = [](std::vector<uint8_t> one, std::vector<uint8_t> other) {
        std::fill_n(one.begin() + 26, 2, uint8_t{0});
        std::fill_n(other.begin() + 26, 2, uint8_t{0});
        return one == other;
    };
    CHECK(same_but_checksum(packets[0].data, out));
    CHECK(same_but_checksum(packets[1].data, in));
    const auto rows =
        fields_of(file, {"frame.protocols", "ip.src", "frame.packet_flags_direction"});
    CHECK(rows[0] == std::vector<std::string>{"raw:ip:udp:data", "10.8.0.1", "0x00000002"});
    CHECK(rows[1] == std::vector<std::string>{"raw:ip:udp:data", "10.8.0.2", "0x00000001"});
    CHECK(contains(output_of({"capinfos", file}), "Raw IP"));
    require_readable(file);
}
