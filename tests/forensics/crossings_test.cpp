// SPDX-License-Identifier: GPL-2.0-only
//
// Packets that cross several interfaces, and conversations of several network namespaces.
#include <catch2/catch.hpp>
#include <deque>
#include <set>

#include "forensics/analysis/analysis.h"
#include "forensics/analysis/records.h"
#include "forensics/analysis/row_text.h"
#include "forensics/analysis/table.h"
#include "forensics/analysis/timeline.h"
#include "tests/forensics/capture_file.h"

namespace {

using forensics::Analysis;
using forensics::Flow;
using forensics::Interface;
using forensics::Process;
using test::Datagram;
using test::Frame;
using test::Ipv4Packet;
using test::kAck;
using test::kStart;
using test::kSyn;
using test::make;
using test::Segment;

constexpr uint64_t kMs = 1'000'000;

// Packets of several interfaces.
class Capture {
  public:
    explicit Capture(const std::vector<std::string>& interfaces, uint16_t link_type = 101) {
        for (const std::string& name : interfaces) {
            interfaces_.push_back({.number = static_cast<uint32_t>(interfaces_.size()),
                                   .link_type = link_type,
                                   .name = name});
        }
    }

    // On interface `on`, `at_us` after the start. `sender`, `receiver`: their processes, or null.
    void add(size_t on, const Frame& frame, uint64_t at_us, const Process* sender = nullptr,
             const Process* receiver = nullptr) {
        forensics::Packet packet;
        packet.time_ns = kStart + at_us * 1000;
        packet.interface = &interfaces_[on];
        packet.wire_length = static_cast<uint32_t>(frame.size());
        packet.data = frame;
        packet.self = {.process = sender != nullptr ? sender : receiver};
        packet.self_at = sender != nullptr     ? forensics::At::kSender
                         : receiver != nullptr ? forensics::At::kReceiver
                                               : forensics::At::kUnknown;
        packet.peer = {.process = sender != nullptr ? receiver : nullptr};
        timeline_.add(packet, analysis_.add(packet).counted);
    }
    const Analysis& finish() {
        analysis_.finish();
        return analysis_;
    }
    const forensics::Timeline& timeline() const { return timeline_; }

  private:
    std::deque<Interface> interfaces_;
    Analysis analysis_;
    forensics::Timeline timeline_;
};

Process process(uint32_t number) {
    Process made;
    made.number = number;
    made.pid = number + 1;
    return made;
}

// As if it had been routed: TTL and header checksum are others.
Frame routed(Frame frame) {
    frame[8]--;
    frame[10] ^= 0x5a;
    return frame;
}

Frame with_id(Frame frame, uint8_t id) {
    frame[5] = id;
    return frame;
}

Frame answer(uint32_t sequence, Frame data = {}, uint8_t flags = kAck) {
    return make(Segment{.from = 2,
                        .to = 1,
                        .source_port = 20000,
                        .target_port = 40000,
                        .sequence = sequence,
                        .flags = flags,
                        .data = std::move(data)});
}

std::vector<std::string> interfaces_of(const Flow& flow) {
    std::vector<std::string> names;
    for (const Interface* interface : flow.interfaces) {
        if (interface != nullptr) {
            names.push_back(interface->name);
        }
    }
    return names;
}

TEST_CASE("a packet that crosses both ends of a veth counts once and isn't sent again") {
    const Process client = process(0);
    const Process server = process(1);
    Capture capture({"one/g0", "two/g1"});
    const Frame syn = make(Segment{.sequence = 9, .flags = kSyn});
    capture.add(0, syn, 0, &client);
    capture.add(1, syn, 5, &client, &server);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < 50; i++) {
        const Frame data = answer(100 + 1000 * i, Frame(1000, static_cast<uint8_t>(i)));
        capture.add(1, data, 100 + 10 * i, &server);
        capture.add(0, routed(data), 102 + 10 * i, &server, &client);
        bytes += data.size();
    }
    const Analysis& analysis = capture.finish();
    REQUIRE(analysis.flows().size() == 1);
    const Flow& flow = analysis.flows()[0];
    CHECK(flow.sides[0].packets == 1);
    CHECK(flow.sides[1].packets == 50);
    CHECK(flow.sides[1].bytes == bytes);
    CHECK(flow.sides[1].retransmissions == 0);
    CHECK(interfaces_of(flow) == std::vector<std::string>{"one/g0", "two/g1"});
    CHECK(flow.sides[0].processes.main() == &client);
    CHECK(flow.sides[1].processes.main() == &server);
    CHECK(flow.sides[0].processes.bytes() == bytes + syn.size());
    CHECK(flow.sides[1].processes.bytes() == bytes + syn.size());
    CHECK(analysis.total().packets == 51);
    CHECK(analysis.processes()[0].sent.packets == 1);
    CHECK(analysis.processes()[0].received.packets == 50);
    CHECK(analysis.processes()[1].sent.bytes == bytes);
    CHECK(analysis.processes()[1].received.packets == 1);
    CHECK(analysis.processes()[1].flows == 1);
    CHECK(capture.timeline().traffic(2).processes.at(0).total() +
              capture.timeline().traffic(2).processes.at(1).total() ==
          2 * (bytes + syn.size()));
}

TEST_CASE("conversations of the same ends in two namespaces are two, also at the same time") {
    Capture capture({"one/lo", "two/lo", "one/eth0", "two/eth0"});
    const bool loopback = GENERATE(true, false);
    const auto frame = [&](uint32_t sequence) {
        Frame made = make(Segment{.sequence = sequence, .flags = kSyn});
        if (loopback) {
            made[12] = made[16] = 127;
        }
        return made;
    };
    capture.add(loopback ? 0 : 2, frame(7), 0);
    // Packets of loopback interfaces cross nothing, even if they are the same.
    capture.add(loopback ? 1 : 3, frame(loopback ? 7 : 8), 10);
    const Analysis& analysis = capture.finish();
    REQUIRE(analysis.flows().size() == 2);
    CHECK(interfaces_of(analysis.flows()[0]) ==
          std::vector<std::string>{loopback ? "one/lo" : "one/eth0"});
    CHECK(analysis.flows()[1].sides[0].retransmissions == 0);
    CHECK(analysis.total().packets == 2);
}

TEST_CASE("what is seen again on the same interface, or too late, was sent again") {
    Capture capture({"veth0", "br0", "eth0"});
    const Frame data = make(Segment{.sequence = 5, .data = Frame(100)});
    capture.add(0, data, 0);
    capture.add(1, data, 1);
    capture.add(2, data, 2);
    const Frame next = make(Segment{.sequence = 105, .data = Frame(100)});
    capture.add(0, next, 5000);
    capture.add(1, next, 5001);
    capture.add(2, next, 5002);
    // Nobody acknowledges it: the same once more, with another id, over all interfaces.
    const Frame again = with_id(data, 77);
    capture.add(0, again, 300'000);
    capture.add(1, again, 300'001);
    capture.add(2, again, 300'002);
    // And as it was, each interface before the next sees it.
    capture.add(0, again, 600'000);
    capture.add(0, again, 600'010);
    capture.add(1, again, 600'020);
    capture.add(1, again, 600'030);
    const Analysis& analysis = capture.finish();
    REQUIRE(analysis.flows().size() == 1);
    CHECK(analysis.flows()[0].sides[0].packets == 5);
    CHECK(analysis.flows()[0].sides[0].retransmissions == 3);
    CHECK(interfaces_of(analysis.flows()[0]) == std::vector<std::string>{"veth0", "br0", "eth0"});
}

TEST_CASE("other addresses (NAT) are another conversation") {
    Capture capture({"veth0", "eth0"});
    capture.add(0, make(Datagram{.from = 1, .data = Frame(30)}), 0);
    capture.add(1, make(Datagram{.from = 9, .data = Frame(30)}), 1);
    CHECK(capture.finish().flows().size() == 2);
}

TEST_CASE("datagrams, fragments and other protocols cross, too") {
    Capture capture({"a/veth0", "eth0"});
    const Frame first =
        make(Ipv4Packet{.protocol = 17, .id = 3, .fragment = 0x2000, .payload = Frame(1480, 1)});
    const Frame last =
        make(Ipv4Packet{.protocol = 17, .id = 3, .fragment = 185, .payload = Frame(100, 2)});
    const Frame other = make(Ipv4Packet{.protocol = 89, .id = 4, .payload = Frame(40, 3)});
    const Frame datagram = make(Datagram{.data = Frame(10)});
    uint64_t time = 0;
    for (const Frame& frame : {first, last, other, datagram}) {
        capture.add(0, frame, time++);
        capture.add(1, routed(frame), time++);
    }
    CHECK(capture.finish().total().packets == 4);
}

TEST_CASE("data that is cut into other packets on its way counts once") {
    Capture capture({"sender/eth0", "receiver/eth0"});
    const Frame syn = make(Segment{.sequence = 9, .flags = kSyn});
    capture.add(0, syn, 0);
    capture.add(1, routed(syn), 100);
    const Frame large = make(Segment{.sequence = 10, .data = Frame(4000)});
    capture.add(0, large, 1000);
    for (uint32_t i = 0; i < 4; i++) {
        capture.add(1,
                    with_id(make(Segment{.sequence = 10 + 1000 * i, .data = Frame(1000)}),
                            static_cast<uint8_t>(i)),
                    1100 + i);
    }
    // The receiver's clock is ahead: it joins what the sender is yet to show.
    capture.add(1, make(Segment{.sequence = 4010, .data = Frame(2000)}), 2000);
    capture.add(0, with_id(make(Segment{.sequence = 4010, .data = Frame(1000)}), 8), 2010);
    capture.add(0, with_id(make(Segment{.sequence = 5010, .data = Frame(1000)}), 9), 2020);
    // Really sent again.
    capture.add(0, with_id(make(Segment{.sequence = 5010, .data = Frame(1000)}), 10), 900'000);
    const Analysis& analysis = capture.finish();
    REQUIRE(analysis.flows().size() == 1);
    CHECK(analysis.flows()[0].sides[0].packets == 4);
    CHECK(analysis.flows()[0].sides[0].retransmissions == 1);
}

TEST_CASE("a connection over two interfaces at once counts on both") {
    Capture capture({"eth0", "eth1"});
    for (uint32_t i = 0; i < 10; i++) {
        capture.add(i % 2, make(Segment{.sequence = 10 + 100 * i, .data = Frame(100)}), 100 * i);
    }
    // Out of order, and by a detour.
    capture.add(0, make(Segment{.sequence = 1110, .data = Frame(100)}), 2000);
    capture.add(1, make(Segment{.sequence = 1010, .data = Frame(100)}), 2001);
    CHECK(capture.finish().flows()[0].sides[0].packets == 12);
}

TEST_CASE("a packet has the process that a later interface tells") {
    const Process client = process(0);
    Capture capture({"eth0", "container/eth0"});
    const Frame frame = make(Datagram{.data = Frame(20)});
    capture.add(0, frame, 0);
    capture.add(1, frame, 3, nullptr, &client);
    const Analysis& analysis = capture.finish();
    CHECK(analysis.total().packets == 1);
    CHECK(analysis.unattributed().silent.packets == 0);
    CHECK(analysis.unattributed().silent.bytes == 0);
    CHECK(analysis.processes()[0].received.packets == 1);
    const auto traffic = capture.timeline().traffic(1);
    CHECK(traffic.unattributed.total() == 0);
    CHECK(traffic.processes.at(0).total() == frame.size());
}

TEST_CASE("a packet of two senders on two hosts is two") {
    Process one = process(0);
    Process other = process(1);
    one.host = "web";
    other.host = "db";
    Capture capture({"web/eth0", "db/eth0"});
    const Frame frame = make(Datagram{.data = Frame(20)});
    capture.add(0, frame, 0, &one);
    capture.add(1, frame, 3, &other);
    const Analysis& analysis = capture.finish();
    CHECK(analysis.total().packets == 2);
    CHECK(analysis.processes()[1].sent.packets == 1);
}

TEST_CASE("the interfaces behind Linux's any are told apart by what its header tells") {
    Capture sll2({"any"}, 276);
    Capture sll({"any"}, 113);
    const Frame packet = make(Datagram{.data = Frame(20)});
    for (uint8_t i = 0; i < 3; i++) {
        Frame frame{8, 0, 0, 0, 0, 0, 0, static_cast<uint8_t>(i + 1), 0, 1, 0, 6};
        frame.resize(20);
        frame.insert(frame.end(), packet.begin(), packet.end());
        sll2.add(0, frame, i);
        Frame old{0, static_cast<uint8_t>(i == 0 ? 4 : 0), 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8,
                  0};
        old.insert(old.end(), packet.begin(), packet.end());
        if (i < 2) {
            sll.add(0, old, i);
        }
    }
    CHECK(sll2.finish().total().packets == 1);
    CHECK(sll.finish().total().packets == 1);
}

TEST_CASE("conversations are the same whether in memory or in the file") {
    test::CaptureFile file;
    for (uint32_t i = 0; i < 20'000; i++) {
        const uint32_t which = i * 7919 % 2000;
        file.add(make(Segment{.from = static_cast<uint8_t>(1 + which % 200),
                              .to = 250,
                              .source_port = static_cast<uint16_t>(1000 + which),
                              .sequence = i,
                              .flags = i < 2000 ? kSyn : kAck,
                              .data = Frame(i % 3)}),
                 kStart + i * kMs);
    }
    const auto rows = [&](forensics::FlowTable::Options options) {
        forensics::FlowTable table(options);
        for (size_t i = 0; i < file.size(); i++) {
            table.add(file.packet(i));
        }
        table.finish();
        CHECK(table.state().ok());
        std::string text;
        forensics::Row row;
        for (const Flow& flow : table.flows()) {
            forensics::flow_row(flow, row);
            forensics::append_json(forensics::flow_columns(), row, text);
        }
        return text;
    };
    const std::string all = rows({});
    CHECK(all == rows({.bytes_in_memory = 0}));
    CHECK(std::count(all.begin(), all.end(), '\n') == 2000);
}

TEST_CASE("records are the same whether in memory or in the file") {
    struct Plain {
        uint64_t number = 0;
        std::array<uint64_t, 60> more{};
    };
    forensics::Records<Plain> records(64 * 1024);  // 8 pages
    constexpr size_t kMany = 5000;
    for (size_t i = 0; i < kMany; i++) {
        records.emplace_back().number = i * 3;
    }
    for (size_t i = 0; i < kMany; i++) {
        const size_t at = i * 7919 % kMany;
        REQUIRE(std::as_const(records)[at].number == at * 3);
        records[at].more[59] = at;
    }
    for (size_t i = 0; i < kMany; i++) {
        REQUIRE(std::as_const(records)[i].more[59] == i);
    }
    CHECK(records.state().ok());
    CHECK(records.size() == kMany);
}

}  // namespace
