// SPDX-License-Identifier: GPL-2.0-only
//
// Link layers: what is read of each, and that lines and conversations read the same.
#include "packet/dissect/link.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "packet/dissect/dissect.h"
#include "packet/line/decode.h"
#include "packet/link_type.h"
#include "tests/forensics/capture_file.h"

namespace {

using packet::Link;
using packet::LinkContent;
using test::Frame;

Frame operator+(Frame left, const Frame& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

// Views into `frame`.
Link read(uint16_t link_type, const Frame& frame) {
    return packet::read_link(link_type, {std::as_bytes(std::span(frame)), frame.size()});
}

std::string line(uint16_t link_type, const Frame& frame) {
    fmt::memory_buffer out;
    packet::append_decoded(out, link_type, std::as_bytes(std::span(frame)),
                           static_cast<uint32_t>(frame.size()), false);
    return fmt::to_string(out);
}

bool is_conversation(uint16_t link_type, const Frame& frame) {
    return packet::dissect(link_type, frame, static_cast<uint32_t>(frame.size())).has_value();
}

const Frame kMacs{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
const Frame kIp{8, 0};
const Frame kDatagram = test::make(test::Datagram{.data = Frame(5)});

struct Case {
    uint16_t link_type;
    Frame header;     // before an IP packet
    std::string cut;  // what its line says if it is cut in this header
};

// Each link type that is read.
const std::vector<Case>& cases() {
    static const std::vector<Case> kCases{
        {packet::kLinkTypeNull, {2, 0, 0, 0}, "[|null]"},
        {packet::kLinkTypeNull, {0, 0, 0, 2}, "[|null]"},
        {packet::kLinkTypeEthernet, kMacs + kIp, "[|ether]"},
        {packet::kLinkTypeRaw, {}, "IP [|ip]"},
        {packet::kLinkTypeLoop, {0, 0, 0, 2}, "[|null]"},
        {packet::kLinkTypeLinuxSll, Frame(14) + kIp, "[|sll]"},
        {packet::kLinkTypeIpv4, {}, "IP [|ip]"},
        {packet::kLinkTypeIpv6, {}, "IP [|ip]"},
        {packet::kLinkTypeLinuxSll2, kIp + Frame(18), "[|sll]"},
    };
    return kCases;
}

TEST_CASE("a line and a conversation find the same packet behind each link type") {
    for (const Case& each : cases()) {
        CAPTURE(each.link_type);
        const Frame frame = each.header + kDatagram;
        const Link link = read(each.link_type, frame);
        CHECK(link.content == LinkContent::kIp);
        CHECK(link.payload.length() == kDatagram.size());
        CHECK(line(each.link_type, frame) == "UDP 10.0.0.1.40000 > 10.0.0.2.20000: length 5");
        const auto packet =
            packet::dissect(each.link_type, frame, static_cast<uint32_t>(frame.size()));
        REQUIRE(packet);
        CHECK(packet->source_port == 40000);
        CHECK(packet->target_port == 20000);
    }
}

TEST_CASE("a frame that ends within its link layer is no conversation, and its line says where") {
    for (const Case& each : cases()) {
        CAPTURE(each.link_type);
        for (size_t size = 0; size < std::max<size_t>(each.header.size(), 1); ++size) {
            const Frame frame(each.header.begin(),
                              each.header.begin() + static_cast<ptrdiff_t>(size));
            CHECK(line(each.link_type, frame) == each.cut);
            CHECK_FALSE(is_conversation(each.link_type, frame));
        }
    }
    const Frame tag{0x81, 0, 0, 7, 0x81, 0, 0};
    CHECK(read(1, kMacs + tag).cut == "vlan");
    CHECK(line(1, kMacs + tag) == "vlan 7 [|vlan]");
    CHECK_FALSE(is_conversation(1, kMacs + tag));
}

TEST_CASE("VLAN tags and MAC addresses are read, an outer tag first") {
    const Frame frame = kMacs + Frame{0x88, 0xa8, 0xe0, 7, 0x81, 0, 0, 8} + kIp + kDatagram;
    const Link link = read(1, frame);
    REQUIRE(link.vlan_count == 2);
    CHECK(link.vlan[0] == 7);
    CHECK(link.vlan[1] == 8);
    CHECK(link.ether_type == 0x800);
    REQUIRE(link.macs.size() == 12);
    CHECK(link.macs[5] == std::byte{2});
    CHECK(link.macs[11] == std::byte{1});
    // Of a fifth tag only the type is read.
    Frame tags;
    for (uint8_t id = 1; id <= 5; ++id) {
        tags = tags + Frame{0x81, 0, 0, id};
    }
    const Frame deep = kMacs + tags + kIp + kDatagram;
    const Link many = read(1, deep);
    CHECK(many.content == LinkContent::kEtherType);
    CHECK(many.ether_type == 0x8100);
    CHECK(many.vlan_count == 4);
    CHECK(read(113, Frame(14) + kIp + kDatagram).macs.empty());
}

TEST_CASE("what isn't IP is named by its EtherType, address family or link type") {
    const Frame lldp = kMacs + Frame{0x88, 0xcc} + Frame(9);
    CHECK(read(1, lldp).content == LinkContent::kEtherType);
    CHECK(line(1, lldp) == "LLDP 02:00:00:00:00:01 > 02:00:00:00:00:02: length 9");
    CHECK(line(113, Frame(14) + Frame{0x88, 0xcc} + Frame(9)) == "LLDP length 9");
    for (const uint16_t link_type : {packet::kLinkTypeNull, packet::kLinkTypeLoop}) {
        const Frame appletalk = Frame{0, 0, 0, 16} + Frame(9);
        CHECK(read(link_type, appletalk).address_family == 16);
        CHECK(line(link_type, appletalk) == "address family 16: length 9");
        CHECK_FALSE(is_conversation(link_type, appletalk));
    }
    CHECK(read(147, kDatagram).content == LinkContent::kUnknown);
    CHECK(line(147, kDatagram) == "link type 147: length 33");
    CHECK_FALSE(is_conversation(147, kDatagram));
}

}  // namespace
