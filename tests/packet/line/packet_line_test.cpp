// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/packet_line.h"

#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "tests/packet/line/packet_bytes.h"

using capture::Direction;
using cmd::LineStyle;

namespace {

// A UDP packet between two processes, at 2023-11-14 22:13:20.000000123 UTC.
struct Scene {
    capture::CapturedInterface interface;
    capture::Process sender;
    capture::Process receiver;
    test::Bytes data = test::ethernet(0x800, test::ipv4(IPPROTO_UDP, test::udp(3)));
    capture::Packet packet;

    Scene() {
        setenv("TZ", "UTC", 1);
        interface.name = "lo";
        interface.link_type = 1;
        sender.key.pid = 42;
        sender.comm = "curl";
        sender.exe = "/usr/bin/curl";
        sender.uid = 34;  // by now
        sender.user = "backup";
        receiver.key.pid = 7;
        receiver.comm = "Web Content";
        packet.time_ns = 1700000000'000000123;
        packet.interface = &interface;
        packet.direction = Direction::kOut;
        packet.data = data;
        packet.wire_len = static_cast<uint32_t>(data.size());
        packet.self = {&sender, 43, PIDCAP_VIA_SOCKET, 33, "www-data"};
    }

    std::string line(LineStyle style = {}) const {
        fmt::memory_buffer out;
        cmd::PacketLine(style).append(out, packet);
        return fmt::to_string(out);
    }
};

constexpr const char* kUdp = "UDP 10.0.0.1.40000 > 10.0.0.2.40001: length 3";

}  // namespace

TEST_CASE("a line says when, where, which way, who and what") {
    const Scene scene;
    CHECK(scene.line() == std::string("22:13:20.000000123 lo Out curl[42] ") + kUdp + "\n");
}

TEST_CASE("both ends are named, and the arrow points the packet's way") {
    Scene scene;
    scene.packet.peer = capture::End{&scene.receiver, 0, PIDCAP_VIA_LOOKUP};
    CHECK_THAT(scene.line(), Catch::Contains("lo Out curl[42] -> \"Web Content\"[7] UDP"));
    scene.packet.direction = Direction::kIn;
    CHECK_THAT(scene.line(), Catch::Contains("lo In curl[42] <- \"Web Content\"[7] UDP"));
    scene.packet.peer->process = nullptr;
    CHECK_THAT(scene.line(), Catch::Contains("lo In curl[42] UDP"));
}

TEST_CASE("a packet of no process says why") {
    Scene scene;
    scene.packet.self = {nullptr, 0, PIDCAP_VIA_KERNEL};
    CHECK_THAT(scene.line(), Catch::Contains("lo Out (kernel) UDP"));
    scene.packet.self.via = PIDCAP_VIA_FORWARDED;
    CHECK_THAT(scene.line(), Catch::Contains("(forwarded)"));
    scene.packet.self.via = PIDCAP_VIA_UNKNOWN;
    CHECK_THAT(scene.line({.verbose = 1}), Catch::Contains("(unknown)"));
}

TEST_CASE("a process without a known name is not one named by an empty string") {
    Scene scene;
    scene.sender.comm.clear();
    CHECK_THAT(scene.line(), Catch::Contains("Out ?[42] UDP"));
}

TEST_CASE("a hostile name neither breaks the line nor reaches the terminal") {
    Scene scene;
    scene.sender.comm = "\x1b[31m\nx\xff";
    const std::string line = scene.line({.verbose = 1});
    CHECK_THAT(line, Catch::Contains("Out \"\\x1b[31m\\x0ax\\xff\"[42] UDP"));
    CHECK(line.find('\n') == line.size() - 1);
    CHECK(line.find('\x1b') == std::string::npos);
}

TEST_CASE("more is shown of the processes with -v, and numbers with -n") {
    Scene scene;
    CHECK_THAT(scene.line({.verbose = 1}),
               Catch::EndsWith(" exe=/usr/bin/curl user=www-data tid=43 via=socket\n"));
    CHECK_THAT(scene.line({.numeric = true, .verbose = 1}), Catch::Contains(" uid=33 tid=43"));
    scene.packet.peer = capture::End{&scene.receiver, 0, PIDCAP_VIA_LOOKUP};
    CHECK_THAT(scene.line({.verbose = 1}), Catch::EndsWith(" peer.uid=0 peer.via=lookup\n"));
}

TEST_CASE("colour begins and ends at each process") {
    Scene scene;
    const std::string line = scene.line({.color = true});
    CHECK_THAT(line, Catch::Contains("Out \x1b["));
    CHECK_THAT(line, Catch::Contains("mcurl[42]\x1b[0m UDP"));
}

TEST_CASE("the clock follows the packets from second to second") {
    Scene scene;
    fmt::memory_buffer out;
    cmd::PacketLine lines({});
    lines.append(out, scene.packet);
    scene.packet.time_ns += 1'000'000'000;
    lines.append(out, scene.packet);
    CHECK_THAT(fmt::to_string(out), Catch::Contains("22:13:20.0") && Catch::Contains("22:13:21.0"));
}
