// SPDX-License-Identifier: GPL-2.0-only
//
// Link layers: what is read of each, and that lines and conversations read the same.
#include "packet/dissect/link.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "packet/dissect/dissect.h"
#include "packet/dissect/pktap.h"
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
    return packet::read_link(link_type, std::as_bytes(std::span(frame)),
                             static_cast<uint32_t>(frame.size()));
}

std::string line(uint16_t link_type, const Frame& frame) {
    fmt::memory_buffer out;
    packet::append_decoded(out, link_type, std::as_bytes(std::span(frame)),
                           static_cast<uint32_t>(frame.size()), {});
    return fmt::to_string(out);
}

bool is_conversation(uint16_t link_type, const Frame& frame) {
    return packet::dissect(link_type, frame, static_cast<uint32_t>(frame.size())).has_value();
}

const Frame kMacs{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
const Frame kIp{8, 0};
const Frame kDatagram = test::make(test::Datagram{.data = Frame(5)});
const Frame kSnap{0xaa, 0xaa, 3, 0, 0, 0, 8, 0};

Frame le32(uint32_t value) {
    Frame bytes;
    for (int shift = 0; shift < 32; shift += 8) {
        bytes.push_back(static_cast<uint8_t>(value >> shift));
    }
    return bytes;
}

// struct pktap_header of XNU; flags: 1 in, 2 out.
Frame pktap(uint32_t link_type, uint32_t flags = 2, uint32_t pid = 224) {
    const Frame name{'e', 'n', '0'};
    const Frame comm{'c', 'u', 'r', 'l'};
    return le32(108) + le32(1) + le32(link_type) + name + Frame(21) + le32(flags) + Frame(12) +
           le32(pid) + comm + Frame(48);
}

// An 802.11 header: its two bytes of frame control, and `rest` zeros.
Frame wlan(Frame control, size_t rest) {
    return control + Frame(rest);
}
const Frame kRadiotap{0, 0, 8, 0, 0, 0, 0, 0};

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
        {packet::kLinkTypePpp, {0xff, 3, 0, 0x21}, "[|ppp]"},
        {packet::kLinkTypePpp, {0, 0x21}, "[|ppp]"},
        {packet::kLinkTypePppHdlc, {0xff, 3, 0, 0x21}, "[|ppp]"},
        {packet::kLinkTypeCiscoHdlc, {0x0f, 0, 8, 0}, "[|hdlc]"},
        {packet::kLinkTypeRawDlt, {}, "IP [|ip]"},
        {packet::kLinkTypeRawOpenBsd, {}, "IP [|ip]"},
        {packet::kLinkTypeNflog, {2, 0, 0, 0, 37, 0, 9, 0}, "[|nflog]"},
        {packet::kLinkTypeNflog, {2, 0, 0, 0, 0, 6, 0, 10, 0, 0, 0, 0, 0, 37, 0, 9}, "[|nflog]"},
        {packet::kLinkTypePktap, pktap(packet::kLinkTypeRawDlt), "[|pktap]"},
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
    CHECK(line(189, kDatagram) == "link type USB_LINUX (189): length 33");
    CHECK(line(1234, kDatagram) == "link type 1234: length 33");
    CHECK(packet::link_type_name(101) == "RAW (101)");
    CHECK_FALSE(is_conversation(147, kDatagram));
    CHECK(line(9, Frame{0xff, 3, 0xc0, 0x21} + Frame(9)) == "PPP LCP: length 9");
    CHECK(line(9, Frame{0x80, 0x31} + Frame(9)) == "PPP protocol 0x8031: length 9");
}

TEST_CASE("what Ethernet leads to is passed as far as it leads to IP, and named in the line") {
    const std::string udp = "UDP 10.0.0.1.40000 > 10.0.0.2.20000: length 5";
    const Frame snap = kMacs + Frame{0, 41} + kSnap + kDatagram;
    CHECK(line(1, snap) == udp);
    CHECK(is_conversation(1, snap));
    // 802.1H's OUI; a VLAN tag inside; LLC's own number for IP; another OUI.
    CHECK(line(1, kMacs + Frame{0, 41, 0xaa, 0xaa, 3, 0, 0, 0xf8, 8, 0} + kDatagram) == udp);
    CHECK(line(1, kMacs + Frame{0, 45, 0xaa, 0xaa, 3, 0, 0, 0, 0x81, 0, 0, 7, 8, 0} + kDatagram) ==
          "vlan 7 " + udp);
    CHECK(line(1, kMacs + Frame{0, 36, 6, 6, 3} + kDatagram) == udp);
    const Frame cisco = kMacs + Frame{0, 41, 0xaa, 0xaa, 3, 0, 0, 0xc, 8, 0} + kDatagram;
    CHECK(line(1, cisco) == "802.3 02:00:00:00:00:01 > 02:00:00:00:00:02: length 41");

    const Frame mpls = kMacs + Frame{0x88, 0x47, 0, 1, 0, 0x40, 0, 2, 1, 0x40} + kDatagram;
    CHECK(line(1, mpls) == "mpls 16 mpls 32 " + udp);
    CHECK(is_conversation(1, mpls));
    // Labels that end nowhere, too many of them, and no IP behind them.
    const std::string from_to = " 02:00:00:00:00:01 > 02:00:00:00:00:02: length ";
    CHECK(line(1, kMacs + Frame{0x88, 0x47, 0, 1, 0, 0x40}) == "MPLS" + from_to + "4");
    CHECK(line(1, kMacs + Frame{0x88, 0x48} + Frame(4 * 9)) == "MPLS" + from_to + "36");
    CHECK(line(1, kMacs + Frame{0x88, 0x47, 0, 1, 1, 0x40, 0, 0}) == "MPLS" + from_to + "6");

    const Frame pppoe = kMacs + Frame{0x88, 0x64, 0x11, 0, 0, 1, 0, 35, 0, 0x21} + kDatagram;
    CHECK(line(1, pppoe) == "pppoe 1 " + udp);
    CHECK(is_conversation(1, pppoe));
    CHECK(line(51, Frame{0x11, 0, 0, 1, 0, 35, 0, 0x21} + kDatagram) == "pppoe 1 " + udp);
    const Frame lcp = kMacs + Frame{0x88, 0x64, 0x11, 0, 0, 1, 0, 6, 0xc0, 0x21, 1, 1, 0, 4};
    CHECK(line(1, lcp) == "PPPoE" + from_to + "12");
    // A length beyond the frame's end ends with the frame.
    CHECK(line(1, kMacs + Frame{0x88, 0x64, 0x11, 0, 0, 1, 255, 255, 0, 0x21} + kDatagram) ==
          "pppoe 1 " + udp);
}

TEST_CASE("data in 802.11 is read where it is neither encrypted nor a part") {
    const std::string udp = "UDP 10.0.0.1.40000 > 10.0.0.2.20000: length 5";
    const auto both = [&](const Frame& frame, const std::string& expected) {
        CHECK(line(packet::kLinkTypeIeee80211, frame) == expected);
        CHECK(line(packet::kLinkTypeRadiotap, kRadiotap + frame) == expected);
    };
    const Frame inside = kSnap + kDatagram;
    both(wlan({8, 1}, 22) + inside, udp);
    both(wlan({8, 3}, 28) + inside, udp);        // four addresses
    both(wlan({0x88, 1}, 24) + inside, udp);     // QoS
    both(wlan({0x88, 0x81}, 28) + inside, udp);  // QoS and HT control
    both(wlan({8, 0x41}, 22) + inside, "802.11 data, encrypted: length 65");
    both(wlan({0x48, 1}, 22), "802.11 data: length 24");
    both(wlan({0x80, 0}, 22) + Frame(9), "802.11 management: length 33");
    both(wlan({0xd4, 0}, 8), "802.11 control: length 10");
    both(wlan({8, 1}, 20) + Frame{1, 0} + inside, "802.11 data: length 65");  // a later fragment
    both(wlan({0x88, 1}, 22) + Frame{0x80, 0} + inside, "802.11 data: length 67");  // several
    both(wlan({8, 1}, 21), "[|802.11]");
    both({8}, "[|802.11]");
    // Radiotap's flags, behind two words and a time: check sequence and padding.
    const Frame flags =
        Frame{0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0} + Frame(4) + Frame(8) + Frame{0x30};
    const Frame padded = wlan({0x88, 1}, 24) + Frame(2) + inside + Frame(4);
    CHECK(line(packet::kLinkTypeRadiotap, flags + padded) == udp);
    CHECK(is_conversation(packet::kLinkTypeRadiotap, flags + padded));
    // Lengths that lead nowhere.
    CHECK(line(127, Frame{0, 0, 7, 0, 0, 0, 0, 0} + padded) == "[|radiotap]");
    CHECK(line(127, Frame{0, 0, 255, 255, 0, 0, 0, 0} + padded) == "[|radiotap]");
    CHECK(line(127, Frame{0, 0, 8, 0, 0, 0, 0, 0x80} + wlan({8, 1}, 22) + inside) == udp);
}

TEST_CASE("netfilter's log holds the packet in one of its attributes, in either byte order") {
    const Frame mark{8, 0, 1, 0, 8, 0, 1, 0};
    const std::string udp = "UDP 10.0.0.1.40000 > 10.0.0.2.20000: length 5";
    CHECK(line(239, Frame{2, 0, 0, 0} + mark + Frame{37, 0, 9, 0} + kDatagram) == udp);
    CHECK(line(239, Frame{7, 0, 0, 0} + mark + Frame{37, 0, 9, 0} + kDatagram) ==
          "address family 7: length 33");
    CHECK(line(239, Frame{2, 0, 0, 0} + mark) == "[|nflog]");
    CHECK(line(239, Frame{2, 0, 0, 0, 0, 0, 1, 0} + mark) == "[|nflog]");
    CHECK(line(239, Frame{2, 0, 0, 0, 255, 255, 1, 0} + mark) == "[|nflog]");
}

TEST_CASE("Linux's any interface and PKTAP tell a packet's direction") {
    using pcapng::Direction;
    const auto sll = [](uint8_t type) { return Frame{0, type} + Frame(12) + kIp + kDatagram; };
    const auto sll2 = [](uint8_t type) {
        return kIp + Frame(8) + Frame{type} + Frame(9) + kDatagram;
    };
    for (uint8_t type = 0; type < 4; ++type) {
        CHECK(read(113, sll(type)).direction == Direction::kInbound);
        CHECK(read(276, sll2(type)).direction == Direction::kInbound);
    }
    CHECK(read(113, sll(4)).direction == Direction::kOutbound);
    CHECK(read(276, sll2(4)).direction == Direction::kOutbound);
    CHECK(read(113, sll(5)).direction == Direction::kUnknown);
    const Frame ethernet = kMacs + kIp + kDatagram;
    CHECK(read(258, pktap(1, 1) + ethernet).direction == Direction::kInbound);
    CHECK(read(149, pktap(1, 2) + ethernet).direction == Direction::kOutbound);
    CHECK(read(258, pktap(1, 3) + ethernet).direction == Direction::kUnknown);
    CHECK(read(1, ethernet).direction == Direction::kUnknown);
    // ARPHRD_LOOPBACK, and an interface called lo0.
    CHECK(read(113, Frame{0, 0, 3, 4} + Frame(10) + kIp + kDatagram).loopback);
    CHECK(read(276, kIp + Frame(6) + Frame{3, 4} + Frame(10) + kDatagram).loopback);
    CHECK_FALSE(read(113, sll(4)).loopback);
    Frame on_loopback = pktap(0) + Frame{2, 0, 0, 0} + kDatagram;
    on_loopback[12] = 'l';
    on_loopback[13] = 'o';
    CHECK(read(258, on_loopback).loopback);
    CHECK_FALSE(read(258, pktap(1) + ethernet).loopback);
    for (const uint16_t link_type : std::initializer_list<uint16_t>{113, 276, 258, 149}) {
        CHECK(packet::link_names_interface(link_type));
    }
    CHECK_FALSE(packet::link_names_interface(1));
}

TEST_CASE("PKTAP is passed once, to any link type, and names its process") {
    const Frame ethernet = kMacs + kIp + kDatagram;
    const std::string udp = "UDP 10.0.0.1.40000 > 10.0.0.2.20000: length 5";
    CHECK(line(258, pktap(1) + ethernet) == udp);
    CHECK(line(149, pktap(1) + ethernet) == udp);
    CHECK(line(258, pktap(0) + Frame{2, 0, 0, 0} + kDatagram) == udp);
    CHECK(line(258, pktap(189) + ethernet) == "link type USB_LINUX (189): length 47");
    CHECK(line(258, pktap(258) + pktap(1) + ethernet) == "link type PKTAP (258): length 155");
    CHECK(line(149, ethernet) == "link type 149: length 47");  // not Apple's
    for (const size_t changed : {0U, 4U, 12U, 16U}) {          // nor is any of these
        Frame other = pktap(1) + ethernet;
        other[changed] = static_cast<uint8_t>(other[changed] == 0 ? 7 : 0);
        CAPTURE(changed);
        CHECK(line(149, other) == "link type 149: length 155");
    }
    Frame long_header = pktap(1) + ethernet;
    long_header[3] = 0xff;
    CHECK(line(258, long_header) == "[|pktap]");

    const auto read_pktap = [](const Frame& frame) {
        return packet::read_pktap(258, {std::as_bytes(std::span(frame)), frame.size()});
    };
    const Frame whole = pktap(1) + ethernet;
    const auto header = read_pktap(whole);
    REQUIRE(header);
    CHECK(header->pid == 224);
    CHECK(header->comm == "curl");
    CHECK(header->interface == "en0");
    const Frame nobody = pktap(1, 2, 0xffffffff);
    REQUIRE(read_pktap(nobody));
    CHECK_FALSE(read_pktap(nobody)->pid);
}

}  // namespace
