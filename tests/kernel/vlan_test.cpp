// SPDX-License-Identifier: GPL-2.0-only
//
// VLAN tags: the kernel takes the outer one off a received frame before any hook sees it. Captured
// bytes are what was on the wire.
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>

#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/frames.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;

// From a to b, with these tags; the rest is payload of an EtherType for experiments.
std::vector<uint8_t> tagged_frame(uint32_t number, const std::vector<Tag>& tags, size_t payload) {
    std::vector<uint8_t> frame;
    const auto add = [&frame](uint16_t value) {
        frame.push_back(static_cast<uint8_t>(value >> 8));
        frame.push_back(static_cast<uint8_t>(value));
    };
    for (const auto& mac : {kMacB, kMacA}) {
        for (uint8_t byte : mac) {
            frame.push_back(byte);
        }
    }
    for (const Tag& tag : tags) {
        add(tag.protocol);
        add(tag.tci);
    }
    add(0x88b5);
    const std::vector<uint8_t> rest = payload_of(number, payload);
    frame.insert(frame.end(), rest.begin(), rest.end());
    return frame;
}

}  // namespace

TEST_CASE("tags are in the captured bytes on both ends of a cable") {
    const Cable cable;
    const TemporaryFolder folder;
    const std::string sent_file = folder.file("sent.pcapng");
    const std::string received_file = folder.file("received.pcapng");
    const pcapng::Fd socket = packet_socket(cable.a, "va");
    Capture sending(cable.a, {"-i", "va", "-w", sent_file});
    Capture receiving(cable.b, {"-i", "vb", "-w", received_file});

    const std::vector<std::vector<Tag>> cases = {
        {},
        {{0x8100, 7}},
        {{0x8100, 0}},                   // a priority tag of class 0: all zero
        {{0x8100, 0xe000 | 4094}},       // priority 7
        {{0x8100, 0x1000 | 5}},          // drop eligible
        {{0x88a8, 100}, {0x8100, 200}},  // QinQ, 802.1ad
        {{0x8100, 300}, {0x8100, 400}},  // the older way
        {{0x88a8, 1}, {0x8100, 2}, {0x8100, 3}},
    };
    std::vector<std::vector<uint8_t>> frames;
    for (size_t i = 0; i < cases.size(); i++) {
        frames.push_back(tagged_frame(static_cast<uint32_t>(i), cases[i], 50 + i));
        REQUIRE(send(socket.get(), frames.back().data(), frames.back().size(), 0) ==
                static_cast<ssize_t>(frames.back().size()));
    }
    sending.stop();
    receiving.stop();
    for (const std::string& file : {sent_file, received_file}) {
        INFO(file);
        const auto packets = packets_of(file);
        REQUIRE(packets.size() == frames.size());
        for (size_t i = 0; i < frames.size(); i++) {
            INFO("frame " << i);
            CHECK(packets[i].data == frames[i]);
            CHECK(packets[i].wire_len == frames[i].size());
        }
        const auto rows = fields_of(file, {"vlan.id", "ieee8021ad.id", "frame.len"});
        CHECK(rows.at(1).at(0) == "7");
        CHECK(rows.at(3).at(0) == "4094");
        CHECK(rows.at(5).at(0) + rows.at(5).at(1) == "200100");
        CHECK(rows.at(6).at(0) == "300,400");
        require_readable(file);
    }
}

TEST_CASE("a tag that is put back leaves the snaplen and the length right") {
    for (size_t snaplen : {size_t{12}, size_t{14}, size_t{16}, size_t{18}, size_t{64}}) {
        INFO("-s " << snaplen);
        const Cable cable;
        const TemporaryFolder folder;
        const std::string file = folder.file("cut.pcapng");
        const pcapng::Fd socket = packet_socket(cable.a, "va");
        Capture capture(cable.b, {"-i", "vb", "-s", std::to_string(snaplen), "-w", file});
        const auto frame = tagged_frame(1, {{0x8100, 7}}, 200);
        REQUIRE(send(socket.get(), frame.data(), frame.size(), 0) ==
                static_cast<ssize_t>(frame.size()));
        capture.stop();
        const auto packets = packets_of(file);
        REQUIRE(packets.size() == 1);
        CHECK(packets[0].wire_len == frame.size());
        REQUIRE(packets[0].data.size() == snaplen);
        CHECK(std::equal(packets[0].data.begin(), packets[0].data.end(), frame.begin()));
    }
}
