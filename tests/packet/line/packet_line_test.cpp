// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/packet_line.h"

#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "tests/packet/line/packet_bytes.h"

using packet::At;
using packet::Direction;
using packet::LineStyle;
using packet::Packet;
using packet::Via;

namespace {

// A UDP packet between two processes, at 2023-11-14 22:13:20.000000123 UTC.
struct Scene {
    packet::Interface interface;
    packet::Process sender;
    packet::Process receiver;
    test::Bytes data = test::ethernet(0x800, test::ipv4(IPPROTO_UDP, test::udp(3)));
    Packet packet;

    Scene() {
        setenv("TZ", "UTC", 1);
        interface.name = "lo";
        interface.link_type = 1;
        sender.pid = 42;
        sender.comm = "curl";
        sender.exe = "/usr/bin/curl";
        sender.uid = 34;  // by now
        sender.user = "backup";
        receiver.pid = 7;
        receiver.comm = "Web Content";
        packet.time_ns = 1700000000'000000123;
        packet.interface = &interface;
        go(Direction::kOutbound);
        packet.data = test::octets(data);
        packet.wire_length = static_cast<uint32_t>(data.size());
        packet.self = {
            .process = &sender, .tid = 43, .via = Via::kSocket, .uid = 33, .user = "www-data"};
    }

    void go(Direction direction) {
        packet.direction = direction;
        packet.self_at = packet::at_by_direction(direction);
    }

    std::string line(LineStyle style = {}) const {
        fmt::memory_buffer out;
        packet::PacketLine(style).append(out, packet);
        return fmt::to_string(out);
    }
};

constexpr const char* kUdp = "UDP 10.0.0.1.40000 > 10.0.0.2.40001: length 3";

}  // namespace

TEST_CASE("a line says when, where, which way, who and what") {
    const Scene scene;
    CHECK(scene.line() == std::string("22:13:20.000000123 lo Out curl[42] -> ") + kUdp + "\n");
}

TEST_CASE("a pid that isn't of the capture's PID namespace is marked") {
    Scene scene;
    scene.sender.pidns = 4026531836;
    CHECK(scene.line() == std::string("22:13:20.000000123 lo Out curl[host:42] -> ") + kUdp + "\n");
}

TEST_CASE("the sender stands left of the arrow, the receiver right of it") {
    Scene scene;
    scene.packet.peer = {.process = &scene.receiver, .via = Via::kLookup};
    const struct {
        Direction direction;
        At at;
        const char* both;
        const char* only;
    } cases[] = {
        {Direction::kOutbound, At::kSender, "Out curl[42] -> \"Web Content\"[7] UDP",
         "Out curl[42] -> UDP"},
        {Direction::kInbound, At::kReceiver, "In \"Web Content\"[7] -> curl[42] UDP",
         "In -> curl[42] UDP"},
        // On lo, where the sender isn't known; and from a container, at the host's end of its veth.
        {Direction::kOutbound, At::kReceiver, "Out \"Web Content\"[7] -> curl[42] UDP",
         "Out -> curl[42] UDP"},
        {Direction::kInbound, At::kSender, "In curl[42] -> \"Web Content\"[7] UDP",
         "In curl[42] -> UDP"},
        // Other tools' files don't always say it.
        {Direction::kOutbound, At::kUnknown, "Out curl[42] -- \"Web Content\"[7] UDP",
         "Out curl[42] -- UDP"},
        {Direction::kUnknown, At::kUnknown, "lo curl[42] -- \"Web Content\"[7] UDP",
         "lo curl[42] -- UDP"},
        {Direction::kUnknown, At::kReceiver, "lo \"Web Content\"[7] -> curl[42] UDP",
         "lo -> curl[42] UDP"},
    };
    for (const auto& one : cases) {
        scene.packet.direction = one.direction;
        scene.packet.self_at = one.at;
        scene.packet.peer.process = &scene.receiver;
        CHECK_THAT(scene.line(), Catch::Contains(one.both));
        scene.packet.peer.process = nullptr;
        CHECK_THAT(scene.line(), Catch::Contains(one.only));
    }
}

TEST_CASE("a reason stands at the end that it is about, if a process is at the other") {
    Scene scene;
    scene.packet.self = {.via = Via::kKernel};
    scene.packet.peer = {.process = &scene.receiver, .via = Via::kLookup};
    CHECK_THAT(scene.line(), Catch::Contains("Out (kernel) -> \"Web Content\"[7] UDP"));
    scene.packet.self_at = At::kReceiver;
    CHECK_THAT(scene.line(), Catch::Contains("Out \"Web Content\"[7] -> (kernel) UDP"));
    scene.packet.self.via = Via::kUnrecorded;
    CHECK_THAT(scene.line(), Catch::Contains("Out \"Web Content\"[7] -> UDP"));
}

TEST_CASE("a packet of no process says why") {
    Scene scene;
    scene.packet.self = {.via = Via::kKernel};
    CHECK_THAT(scene.line(), Catch::Contains("lo Out (kernel) UDP"));
    scene.packet.self.via = Via::kForwarded;
    CHECK_THAT(scene.line(), Catch::Contains("(forwarded)"));
    scene.packet.self.via = Via::kUnknown;
    CHECK_THAT(scene.line({.verbose = 1}), Catch::Contains("(unknown)"));
}

TEST_CASE("a process without a known name is not one named by an empty string") {
    Scene scene;
    scene.sender.comm.clear();
    CHECK_THAT(scene.line(), Catch::Contains("Out ?[42] -> UDP"));
}

TEST_CASE("a hostile name neither breaks the line nor reaches the terminal") {
    Scene scene;
    scene.sender.comm = "\x1b[31m\nx\xff";
    const std::string line = scene.line({.verbose = 1});
    CHECK_THAT(line, Catch::Contains("Out \"\\x1b[31m\\x0ax\\xff\"[42] -> IP (tos "));
    scene.sender.comm = "->";
    CHECK_THAT(scene.line(), Catch::Contains("Out \"->\"[42] -> UDP"));
    CHECK(line.find('\n') == line.size() - 1);
    CHECK(line.find('\x1b') == std::string::npos);
}

TEST_CASE("more is shown of the processes with -v, and numbers with -n") {
    Scene scene;
    CHECK_THAT(scene.line({.verbose = 1}),
               Catch::EndsWith(" at=sender exe=/usr/bin/curl user=www-data tid=43 via=socket\n"));
    CHECK_THAT(scene.line({.numeric = true, .verbose = 1}), Catch::Contains(" uid=33 tid=43"));
    scene.packet.peer = {.process = &scene.receiver, .via = Via::kLookup, .uid = 0};
    CHECK_THAT(scene.line({.verbose = 1}), Catch::EndsWith(" peer.uid=0 peer.via=lookup\n"));
    scene.go(Direction::kInbound);
    CHECK_THAT(scene.line({.verbose = 1}), Catch::Contains(" at=receiver exe=/usr/bin/curl "));
    scene.go(Direction::kUnknown);
    CHECK_THAT(scene.line({.verbose = 1}), Catch::Contains(" at=unknown exe=/usr/bin/curl "));
}

TEST_CASE("colour begins and ends at each process") {
    Scene scene;
    const std::string line = scene.line({.color = true});
    CHECK_THAT(line, Catch::Contains("Out \x1b["));
    CHECK_THAT(line, Catch::Contains("mcurl[42]\x1b[0m -> UDP"));
    scene.go(Direction::kInbound);
    CHECK_THAT(scene.line({.color = true}), Catch::Contains("In -> \x1b["));
}

TEST_CASE("the clock follows the packets from second to second") {
    Scene scene;
    fmt::memory_buffer out;
    packet::PacketLine lines({});
    lines.append(out, scene.packet);
    *scene.packet.time_ns += 1'000'000'000;
    lines.append(out, scene.packet);
    CHECK_THAT(fmt::to_string(out), Catch::Contains("22:13:20.0") && Catch::Contains("22:13:21.0"));
}

TEST_CASE("each form of the time is tcpdump's, with nanoseconds") {
    using packet::TimeForm;
    const auto times = [](TimeForm form) {
        Scene scene;
        fmt::memory_buffer out;
        packet::PacketLine lines({.time = form});
        // The first packet, one 1.5 s later, one of the next day, one before the first.
        for (const int64_t ms : {0, 1500, 86400000, -250}) {
            scene.packet.time_ns =
                static_cast<uint64_t>(1700000000'000000123 + ms * int64_t{1000000});
            lines.append(out, scene.packet);
        }
        std::string all;
        const std::string text = fmt::to_string(out);
        for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
            all += text.substr(at, text.find("lo ", at) - at) + "|";
        }
        return all;
    };
    CHECK(times(TimeForm::kClock) ==
          "22:13:20.000000123 |22:13:21.500000123 |2023-11-15 22:13:20.000000123 |"
          "22:13:19.750000123 |");
    CHECK(times(TimeForm::kNone) == "||||");
    CHECK(times(TimeForm::kEpoch) ==
          "1700000000.000000123 |1700000001.500000123 |1700086400.000000123 |"
          "1699999999.750000123 |");
    CHECK(times(TimeForm::kSincePrevious) ==
          "00:00:00.000000000 |00:00:01.500000000 |23:59:58.500000000 |-24:00:00.250000000 |");
    CHECK(times(TimeForm::kDate) ==
          "2023-11-14 22:13:20.000000123 |2023-11-14 22:13:21.500000123 |"
          "2023-11-15 22:13:20.000000123 |2023-11-14 22:13:19.750000123 |");
    CHECK(times(TimeForm::kSinceFirst) ==
          "00:00:00.000000000 |00:00:01.500000000 |24:00:00.000000000 |-00:00:00.250000000 |");
}
