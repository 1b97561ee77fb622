// SPDX-License-Identifier: GPL-2.0-only
//
// Conversations inside tunnels, with tshark as the oracle of what is inside.
#include <catch2/catch.hpp>
#include <deque>
#include <set>

#include "tests/forensics/capture_file.h"
#include "tests/support/temporary_folder.h"

namespace {

using forensics::Flow;
using test::CaptureFile;
using test::Datagram;
using test::Frame;
using test::Ipv4Packet;
using test::kStart;
using test::make;
using test::Segment;

Frame joined(Frame first, const Frame& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

// From 10.0.0.101 to 10.0.0.102, or back.
Frame in_ip(uint8_t protocol, const Frame& content, bool back = false) {
    return make(Ipv4Packet{.from = static_cast<uint8_t>(back ? 102 : 101),
                           .to = static_cast<uint8_t>(back ? 101 : 102),
                           .protocol = protocol,
                           .payload = content});
}

Frame in_udp(uint16_t port, const Frame& content, bool back = false) {
    return make(Datagram{.from = static_cast<uint8_t>(back ? 102 : 101),
                         .to = static_cast<uint8_t>(back ? 101 : 102),
                         .source_port = 50000,
                         .target_port = port,
                         .data = content});
}

Frame in_ethernet(const Frame& ip, uint16_t type = 0x0800) {
    Frame frame(12, 2);
    frame.push_back(static_cast<uint8_t>(type >> 8));
    frame.push_back(static_cast<uint8_t>(type));
    return joined(frame, ip);
}

// UDP from fe80::1 to fe80::2.
Frame ipv6() {
    const Frame udp = test::udp_header(Datagram{.data = Frame(5)});
    Frame packet{0x60, 0, 0, 0, 0, static_cast<uint8_t>(udp.size()), 17, 64};
    for (const uint8_t last : {uint8_t{1}, uint8_t{2}}) {
        packet.insert(packet.end(), {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
    }
    return joined(packet, udp);
}

const Frame kInner = make(Segment{.flags = 2});
const Frame kVxlan{8, 0, 0, 0, 0, 1, 2, 0};

struct Case {
    Frame frame;
    std::string tunnel;
    std::string source = "10.0.0.1";
};

std::vector<Case> cases() {
    const std::string ends = " 10.0.0.101 10.0.0.102";
    const Frame geneve{2, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 1, 0, 0, 0, 0};
    return {
        {in_ip(4, kInner), "ipip" + ends},
        {in_ip(41, ipv6()), "ipv6" + ends, "fe80::1"},
        {in_ip(47, joined({0, 0, 8, 0}, kInner)), "gre" + ends},
        {in_ip(47, joined({0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1}, kInner)),
         "gre 9" + ends},
        {in_ip(47, joined({0x20, 0, 0x65, 0x58, 0, 0, 1, 0}, in_ethernet(kInner))),
         "gre 256" + ends},
        {in_udp(4789, joined(kVxlan, in_ethernet(kInner))), "vxlan 258" + ends},
        {in_udp(6081, joined(geneve, in_ethernet(kInner))), "geneve 7" + ends},
        {in_udp(6081, joined({0, 0, 8, 0, 0, 0, 7, 0}, kInner)), "geneve 7" + ends},
        {in_udp(3544, joined({0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, ipv6())), "teredo" + ends,
         "fe80::1"},
        {in_udp(3544, joined({0, 0, 1, 2, 3, 4, 5, 6}, ipv6())), "teredo" + ends, "fe80::1"},
        {in_ip(4, in_udp(4789, joined(kVxlan, in_ethernet(kInner)))),
         "ipip" + ends + ", vxlan 258" + ends},
    };
}

Flow only_flow(const Frame& frame, std::optional<size_t> captured = std::nullopt) {
    CaptureFile file;
    file.add(frame, kStart, captured);
    const forensics::FlowTable table = file.flows();
    REQUIRE(table.flows().size() == 1);
    Flow flow = table.flows()[0];
    flow.tunnel = {};  // it belonged to the table
    return flow;
}

TEST_CASE("a conversation in a tunnel has the inner addresses, and names the tunnel") {
    for (const Case& one : cases()) {
        CaptureFile file;
        file.add(one.frame, kStart);
        const forensics::FlowTable table = file.flows();
        INFO(one.tunnel);
        REQUIRE(table.flows().size() == 1);
        CHECK(table.flows()[0].tunnel == one.tunnel);
        CHECK(to_text(table.flows()[0].sides[0].address) == one.source);
        CHECK(table.flows()[0].sides[0].port == 40000);
        CHECK(table.flows()[0].sides[0].bytes == one.frame.size());
    }
}

TEST_CASE("tshark sees the same inside") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("tunnels.pcapng");
    CaptureFile file;
    for (const Case& one : cases()) {
        file.add(one.frame, kStart);
    }
    file.write(path);
    const auto all = cases();
    const auto rows =
        test::tshark_fields(path, "ip", {"ip.src", "ipv6.src"}, {"-E", "occurrence=l"});
    REQUIRE(rows.size() == all.size());
    for (size_t i = 0; i < rows.size(); i++) {
        INFO(all[i].tunnel);
        CHECK(rows[i].at(all[i].source.find(':') == std::string::npos ? 0 : 1) == all[i].source);
    }
}

TEST_CASE("MPLS and PPPoE are named as tunnels, and MPLS's labels are each direction's own") {
    const Frame answer = make(
        Segment{.from = 2, .to = 1, .source_port = 20000, .target_port = 40000, .flags = 0x12});
    CaptureFile mpls(1);
    mpls.add(in_ethernet(joined({0, 1, 0xd1, 0x40}, kInner), 0x8847), kStart);
    mpls.add(in_ethernet(joined({0, 2, 0xd1, 0x40}, answer), 0x8847), kStart);
    const forensics::FlowTable labelled = mpls.flows();
    REQUIRE(labelled.flows().size() == 1);
    CHECK(labelled.flows()[0].tunnel == "mpls 29");
    CHECK(labelled.flows()[0].sides[1].packets == 1);

    CaptureFile pppoe(1);
    pppoe.add(in_ethernet(joined({0x11, 0, 0, 7, 0, 42, 0, 0x21}, kInner), 0x8864), kStart);
    const forensics::FlowTable session = pppoe.flows();
    REQUIRE(session.flows().size() == 1);
    CHECK(session.flows()[0].tunnel == "pppoe 7");
}

TEST_CASE("both directions of a tunnel are one conversation, those of two tunnels are two") {
    const Frame answer = make(
        Segment{.from = 2, .to = 1, .source_port = 20000, .target_port = 40000, .flags = 0x12});
    const auto vxlan = [](uint8_t network, const Frame& inner, bool back) {
        Frame header = kVxlan;
        header[6] = network;
        return in_udp(4789, joined(header, in_ethernet(inner)), back);
    };
    CaptureFile file;
    file.add(in_ip(4, kInner), kStart);
    file.add(in_ip(4, answer, true), kStart);
    file.add(vxlan(1, make(Segment{.sequence = 5, .flags = 2}), false), kStart);
    file.add(vxlan(1, answer, true), kStart);
    file.add(vxlan(2, make(Segment{.sequence = 6, .flags = 2}), false), kStart);
    const forensics::FlowTable table = file.flows();
    REQUIRE(table.flows().size() == 3);
    CHECK(table.flows()[0].sides[1].packets == 1);
    CHECK(table.flows()[1].sides[1].packets == 1);
    CHECK(table.flows()[2].sides[1].packets == 0);
}

TEST_CASE("a packet that is seen before and inside a tunnel counts once") {
    std::deque<forensics::Interface> interfaces{{.number = 0, .link_type = 101, .name = "c/eth0"},
                                                {.number = 1, .link_type = 101, .name = "eth0"}};
    const Frame outer = in_udp(8472, joined(kVxlan, in_ethernet(kInner)));
    forensics::FlowTable table;
    for (size_t i = 0; i < 2; i++) {
        forensics::Packet packet;
        const Frame& frame = i == 0 ? kInner : outer;
        packet.time_ns = kStart + i;
        packet.interface = &interfaces[i];
        packet.wire_length = static_cast<uint32_t>(frame.size());
        packet.data = frame;
        table.add(packet);
    }
    REQUIRE(table.flows().size() == 1);
    CHECK(table.flows()[0].sides[0].packets == 1);
    CHECK(table.flows()[0].tunnel == "vxlan 258 10.0.0.101 10.0.0.102");
    CHECK(table.flows()[0].interfaces[1] == &interfaces[1]);
}

TEST_CASE("what can't be read within belongs to the tunnel's own conversation") {
    const std::vector<std::pair<Frame, uint8_t>> outer{
        {in_udp(4789, joined(kVxlan, in_ethernet(Frame(28), 0x0806))), 17},  // ARP
        {in_udp(4789, Frame(60)), 17},                                       // no VXLAN
        {in_udp(6081, joined({0x40, 0, 8, 0, 0, 0, 7, 0}, kInner)), 17},     // version 1
        {in_udp(3544, joined({0, 1, 200, 200}, Frame(20))), 17},
        {in_ip(47, {0, 1, 8, 0}), 47},                     // version 1: PPTP
        {in_ip(47, joined({0, 0, 8}, {})), 47},            // cut
        {in_ip(47, joined({0x20, 0, 8, 0}, {0, 0})), 47},  // cut
        {in_ip(4, Frame(20)), 4},                          // no IP
        {make(Ipv4Packet{
             .from = 101, .to = 102, .protocol = 4, .fragment = 0x2000, .payload = kInner}),
         4},
    };
    for (const auto& [frame, protocol] : outer) {
        const Flow flow = only_flow(frame);
        CHECK(flow.protocol == protocol);
        CHECK(flow.sides[0].address.bytes[3] > 100);
    }
    // However short the capture is.
    for (const Case& one : cases()) {
        for (size_t size = 20; size < one.frame.size(); size++) {
            only_flow(one.frame, size);
        }
    }
}

TEST_CASE("tunnels within tunnels are read three deep") {
    Frame frame = kInner;
    for (int i = 0; i < 50; i++) {
        frame = in_ip(4, frame);
    }
    CHECK(only_flow(frame).protocol == 4);
}

}  // namespace
