// SPDX-License-Identifier: GPL-2.0-only
#include "packet/dissect/dissect.h"

#include <catch2/catch.hpp>

#include "tests/forensics/capture_file.h"
#include "tests/forensics/conversations.h"
#include "tests/support/temporary_folder.h"

namespace {

using packet::dissect;
using packet::Dissected;
using test::CaptureFile;
using test::Datagram;
using test::Frame;
using test::make;
using test::Segment;

std::optional<Dissected> read(uint16_t link_type, const Frame& frame) {
    return dissect(link_type, frame, static_cast<uint32_t>(frame.size()));
}

Frame operator+(Frame left, const Frame& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

Frame ipv6(uint8_t next, const Frame& payload) {
    Frame header{0x60, 0, 0, 0, 0, static_cast<uint8_t>(payload.size()), next, 64};
    Frame address{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    header = header + address;
    address.back() = 2;
    return header + address + payload;
}

const Frame kDatagram = make(Datagram{.data = Frame(5)});

TEST_CASE("an IP packet is found behind every link type that leads to one") {
    const Frame macs(12);
    const Frame ip{8, 0};
    const std::vector<std::pair<uint16_t, Frame>> frames{
        {1, macs + ip},
        {1, macs + Frame{0x81, 0, 0, 7} + ip},
        {1, macs + Frame{0x88, 0xa8, 0, 7, 0x81, 0, 0, 8} + ip},
        {0, {2, 0, 0, 0}},
        {0, {0, 0, 0, 2}},
        {108, {0, 0, 0, 2}},
        {101, {}},
        {228, {}},
        {113, Frame(14) + ip},
        {276, ip + Frame(18)},
        {9, {0xff, 3, 0, 0x21}},
        {50, {0xff, 3, 0, 0x21}},
        {51, {0x11, 0, 0, 1, 0, 35, 0, 0x21}},
        {12, {}},
        {104, {0x0f, 0, 8, 0}},
        {105, Frame{8, 1} + Frame(22) + Frame{0xaa, 0xaa, 3, 0, 0, 0} + ip},
        {127, Frame{0, 0, 8, 0, 0, 0, 0, 0, 8, 1} + Frame(22) + Frame{0xaa, 0xaa, 3, 0, 0, 0} + ip},
        {239, {2, 0, 0, 0, 37, 0, 9, 0}},
        {1, macs + Frame{0, 41, 0xaa, 0xaa, 3, 0, 0, 0} + ip},
        {1, macs + Frame{0x88, 0x47, 0, 1, 1, 0x40}},
        {1, macs + Frame{0x88, 0x64, 0x11, 0, 0, 1, 0, 35, 0, 0x21}}};
    const test::TemporaryFolder folder;
    for (const auto& [link_type, header] : frames) {
        CAPTURE(link_type, header.size());
        const std::optional<Dissected> packet = read(link_type, header + kDatagram);
        REQUIRE(packet);
        CHECK(packet->source_port == 40000);
        CHECK(packet->target_port == 20000);
        CHECK(packet->payload.length() == 5);
        // tshark finds the same.
        CaptureFile file(link_type);
        file.add(header + kDatagram, 1'000'000'000);
        file.write(folder.file("link"));
        CHECK(test::udp_by_us(file.flows()) == test::udp_by_tshark(folder.file("link")));
    }
    CHECK_FALSE(read(1, macs + Frame{8, 6} + kDatagram));
    CHECK_FALSE(read(0, Frame{7, 0, 0, 0} + kDatagram));
    CHECK_FALSE(read(147, kDatagram));
}

TEST_CASE("extension headers lead to the ports, but not without end") {
    const Frame udp = test::udp_header({.data = Frame(3)});
    const Frame to_udp{17, 0, 0, 0, 0, 0, 0, 0};
    const Frame hop_by_hop{60, 0, 0, 0, 0, 0, 0, 0};
    const std::optional<Dissected> packet = read(101, ipv6(0, hop_by_hop + to_udp + udp));
    REQUIRE(packet);
    CHECK(packet->network.protocol == 17);
    CHECK(packet->target_port == 20000);
    Frame many;
    for (int i = 0; i < 12; ++i) {
        many = many + hop_by_hop;
    }
    const std::optional<Dissected> attack = read(101, ipv6(60, many + to_udp + udp));
    REQUIRE(attack);
    CHECK_FALSE(attack->has_ports);
}

TEST_CASE("lengths are those of the headers, wherever the captured bytes end") {
    const Frame whole = make(Segment{.data = Frame(1000)});
    for (size_t captured = 0; captured <= whole.size(); ++captured) {
        const std::vector<uint8_t> exact(whole.begin(),
                                         whole.begin() + static_cast<std::ptrdiff_t>(captured));
        const auto packet = dissect(101, exact, static_cast<uint32_t>(whole.size()));
        CHECK(packet.has_value() == (captured >= 20));
        if (packet && packet->tcp) {
            CHECK(packet->payload.length() == 1000);
        }
    }
    // A frame's padding is none of the segment's.
    const auto padded = dissect(101, make(Segment{}) + Frame(6), 46);
    REQUIRE(padded);
    CHECK(padded->payload.length() == 0);
}

TEST_CASE("a fragment has ports only where they stand in it") {
    const Frame udp = test::udp_header({.data = Frame(100)});
    const auto first =
        read(101, make(test::Ipv4Packet{.protocol = 17, .fragment = 0x2000, .payload = udp}));
    REQUIRE(first);
    CHECK(first->target_port == 20000);
    const auto second =
        read(101, make(test::Ipv4Packet{.protocol = 17, .fragment = 0x0010, .payload = udp}));
    REQUIRE(second);
    CHECK_FALSE(second->has_ports);
    CHECK(second->network.fragment_offset == 128);
}

}  // namespace
