// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/meter/flow_meter.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <deque>
#include <string>
#include <vector>

#include "tests/forensics/capture_file.h"

namespace {

using forensics::FlowMeter;
using forensics::FlowRecord;
using forensics::RecordReason;
using test::Datagram;
using test::Frame;
using test::kAck;
using test::kFin;
using test::kRst;
using test::kStart;
using test::kSyn;
using test::make;
using test::Segment;

constexpr uint64_t kSecond = 1'000'000'000;

// A meter, and what it has handed out.
class Metered {
  public:
    explicit Metered(FlowMeter::Options options = {})
        : meter_(options, [this](const FlowRecord& record) { records_.push_back(record); }) {}

    void add(const Frame& frame, double second, const forensics::Process* sender = nullptr) {
        forensics::Packet packet;
        packet.time_ns = at(second);
        packet.interface = &interface_;
        packet.wire_length = static_cast<uint32_t>(frame.size());
        packet.data = frame;
        packet.self.process = sender;
        packet.self_at = sender != nullptr ? forensics::At::kSender : forensics::At::kUnknown;
        meter_.add(packet);
        ++packets_;
        bytes_ += frame.size();
    }
    static uint64_t at(double second) {
        return kStart + static_cast<uint64_t>(second * 1000) * 1'000'000;
    }
    FlowMeter& meter() { return meter_; }
    const std::vector<FlowRecord>& records() const { return records_; }
    std::vector<RecordReason> reasons() const {
        std::vector<RecordReason> all;
        for (const FlowRecord& record : records_) {
            all.push_back(record.reason);
        }
        return all;
    }
    // Requires that all records together tell of all packets, each once, in the order of their
    // numbers.
    void finish() {
        meter_.finish();
        uint64_t packets = 0;
        uint64_t bytes = 0;
        for (size_t i = 0; i < records_.size(); ++i) {
            CHECK(records_[i].sequence == i);
            for (const forensics::Side& side : records_[i].flow.sides) {
                packets += side.packets;
                bytes += side.bytes;
            }
        }
        CHECK(packets == packets_);
        CHECK(bytes == bytes_);
    }

  private:
    forensics::Interface interface_{.link_type = 101, .name = "eth0"};
    std::vector<FlowRecord> records_;
    FlowMeter meter_;
    uint64_t packets_ = 0;
    uint64_t bytes_ = 0;
};

Frame datagram(uint16_t port, bool back = false, size_t length = 10) {
    Datagram sent{.source_port = port, .data = Frame(length)};
    if (back) {
        std::swap(sent.from, sent.to);
        std::swap(sent.source_port, sent.target_port);
    }
    return make(sent);
}

Frame segment(uint8_t flags, bool back, uint32_t sequence, uint32_t acknowledgment,
              size_t length = 0, uint16_t port = 40000) {
    Segment sent{.source_port = port,
                 .sequence = sequence,
                 .acknowledgment = acknowledgment,
                 .flags = flags,
                 .data = Frame(length)};
    if (back) {
        std::swap(sent.from, sent.to);
        std::swap(sent.source_port, sent.target_port);
    }
    return make(sent);
}

// Both sides' packets of a connection that is closed at `second` + 0.5.
void add_connection(Metered& metered, double second, uint16_t port = 40000) {
    metered.add(segment(kSyn, false, 100, 0, 0, port), second);
    metered.add(segment(kSyn | kAck, true, 900, 101, 0, port), second + 0.1);
    metered.add(segment(kAck, false, 101, 901, 0, port), second + 0.2);
    metered.add(segment(kAck, false, 101, 901, 50, port), second + 0.3);
    metered.add(segment(kFin | kAck, false, 151, 901, 0, port), second + 0.4);
    metered.add(segment(kFin | kAck, true, 901, 152, 0, port), second + 0.5);
}

TEST_CASE("a conversation without a packet for the idle time has one record, which is its last") {
    Metered metered;
    metered.add(datagram(41000), 0);
    metered.add(datagram(41000, true, 30), 1);
    metered.meter().advance(Metered::at(15.9));
    CHECK(metered.records().empty());
    metered.meter().advance(Metered::at(16));
    REQUIRE(metered.records().size() == 1);
    const FlowRecord& record = metered.records().front();
    CHECK(record.reason == RecordReason::kIdle);
    CHECK(record.part == 0);
    CHECK(record.begin_ns == Metered::at(0));
    CHECK(record.flow.first_ns == Metered::at(0));
    CHECK(record.flow.last_ns == Metered::at(1));
    CHECK(record.flow.sides[0].packets == 1);
    CHECK(record.flow.sides[1].packets == 1);
    CHECK(record.flow.sides[1].bytes == record.flow.sides[0].bytes + 20);
    // The same ends later are another conversation.
    metered.add(datagram(41000), 17);
    metered.finish();
    CHECK(metered.records().back().flow.number == 1);
    CHECK(metered.records().back().reason == RecordReason::kStop);
}

TEST_CASE("the next packet ends what was idle before it, also without a call in between") {
    Metered metered;
    metered.add(datagram(41000), 0);
    metered.add(datagram(41000), 15);
    metered.finish();
    CHECK(metered.reasons() == std::vector{RecordReason::kIdle, RecordReason::kStop});
}

TEST_CASE("a conversation that lasts has a record for each active time, of what came since") {
    Metered metered;
    for (int second = 0; second <= 130; second += 10) {
        metered.add(datagram(41000), second);
    }
    metered.finish();
    REQUIRE(metered.reasons() ==
            std::vector{RecordReason::kActive, RecordReason::kActive, RecordReason::kStop});
    const auto& records = metered.records();
    CHECK(records[0].flow.sides[0].packets == 6);
    CHECK(records[1].flow.sides[0].packets == 6);
    CHECK(records[2].flow.sides[0].packets == 2);
    CHECK(records[1].flow.first_ns == Metered::at(60));
    CHECK(records[1].flow.last_ns == Metered::at(110));
    CHECK(records[2].begin_ns == Metered::at(0));
    CHECK(records[2].part == 2);
    CHECK(records[0].flow.number == records[2].flow.number);
}

TEST_CASE("a TCP connection ends when both sides have closed it, and what comes late is its own") {
    Metered metered;
    add_connection(metered, 0);
    metered.add(segment(kAck, false, 152, 902), 0.6);
    metered.meter().advance(Metered::at(2.5));
    CHECK(metered.records().empty());
    metered.meter().advance(Metered::at(2.6));
    CHECK(metered.reasons() == std::vector{RecordReason::kEnd});
    metered.finish();
    CHECK(metered.records().front().flow.sides[0].packets == 5);
}

TEST_CASE("a reset ends a TCP connection") {
    Metered metered;
    metered.add(segment(kSyn, false, 100, 0), 0);
    metered.add(segment(kRst | kAck, true, 0, 101), 0.1);
    metered.meter().advance(Metered::at(3));
    metered.finish();
    CHECK(metered.reasons() == std::vector{RecordReason::kEnd});
}

TEST_CASE("an open TCP connection may be silent for longer than the idle time, a SYN may not") {
    Metered metered;
    metered.add(segment(kSyn, false, 100, 0), 0);
    metered.add(segment(kSyn | kAck, true, 900, 101), 0.1);
    metered.add(segment(kAck, false, 101, 901), 0.2);
    metered.add(segment(kSyn, false, 5, 0, 0, 41000), 1);
    metered.add(segment(kAck, false, 101, 901, 7), 3600);
    metered.finish();
    // The active time tells what came before the silence.
    CHECK(metered.reasons() ==
          std::vector{RecordReason::kIdle, RecordReason::kActive, RecordReason::kStop});
    CHECK(metered.records()[2].flow.number == 0);
}

TEST_CASE("connections of the same ends, one after the other, are conversations of their own") {
    Metered metered;
    add_connection(metered, 0);
    metered.add(segment(kSyn, false, 70'000, 0), 0.8);
    metered.finish();
    CHECK(metered.records().size() == 2);
    CHECK(metered.records()[0].flow.sides[0].packets + metered.records()[1].flow.sides[0].packets ==
          5);
}

TEST_CASE("with too many conversations, the one without a packet for longest is the first to go") {
    Metered metered({.most_flows = 3});
    for (uint16_t port = 41000; port < 41003; ++port) {
        metered.add(datagram(port), 0.1 * (port - 41000));
    }
    metered.add(datagram(41000, true), 0.5);
    metered.add(datagram(41003), 0.6);
    REQUIRE(metered.reasons() == std::vector{RecordReason::kLimit});
    CHECK(metered.records()[0].flow.sides[0].port == 41001);
    metered.add(datagram(41001), 0.7);  // it begins anew
    metered.finish();
    CHECK(metered.records().size() == 5);
}

TEST_CASE("names of connections are told, also where numbers of earlier ones are used again") {
    const auto name = [](int i) { return "host" + std::to_string(i) + ".example"; };
    std::vector<std::string> names;
    // The views are valid only while a record is handed out.
    FlowMeter meter({.most_flows = 2},
                    [&](const FlowRecord& record) { names.emplace_back(record.flow.http_host); });
    const forensics::Interface interface { .link_type = 101, .name = "eth0" };
    for (int i = 0; i < 20; ++i) {
        const std::string request = "GET / HTTP/1.1\r\nHost: " + name(i) + "\r\n\r\n";
        const Frame frame = make(Segment{.source_port = static_cast<uint16_t>(40000 + i),
                                         .target_port = 80,
                                         .sequence = 1,
                                         .data = test::bytes_of(request)});
        forensics::Packet packet;
        packet.time_ns = Metered::at(i);
        packet.interface = &interface;
        packet.wire_length = static_cast<uint32_t>(frame.size());
        packet.data = frame;
        meter.add(packet);
    }
    meter.finish();
    REQUIRE(names.size() == 20);
    for (int i = 0; i < 20; ++i) {
        CHECK(names[static_cast<size_t>(i)] == name(i));
    }
}

// Against a model that keeps everything: sums of each pair of ports.
TEST_CASE("many conversations in little room lose no packet") {
    Metered metered({.idle_ns = kSecond, .active_ns = 3 * kSecond, .most_flows = 100});
    uint32_t random = 1;
    const auto next = [&random](uint32_t most) {
        random = random * 1664525 + 1013904223;
        return (random >> 8) % most;
    };
    for (int i = 0; i < 20'000; ++i) {
        const double second = i * 0.005;
        const auto port = static_cast<uint16_t>(42000 + next(next(8) > 0 ? 20 : 400));
        switch (next(4)) {
            case 0:
                metered.add(segment(kSyn, false, next(1000), 0, 0, port), second);
                break;
            case 1:
                metered.add(segment(kAck | (next(3) == 0 ? kFin : 0), next(2) == 0, next(1000),
                                    next(1000), next(100), port),
                            second);
                break;
            default:
                metered.add(datagram(port, next(2) == 0, next(100)), second);
        }
    }
    metered.finish();
    // Each conversation has one last record, and its parts are numbered.
    std::vector<uint64_t> parts;
    std::vector<int> ended;
    for (const FlowRecord& record : metered.records()) {
        parts.resize(std::max<size_t>(parts.size(), record.flow.number + 1));
        ended.resize(parts.size());
        CHECK(ended[record.flow.number] == 0);
        CHECK(record.part == parts[record.flow.number]++);
        ended[record.flow.number] += is_last(record.reason) ? 1 : 0;
    }
    CHECK(std::ranges::count(ended, 1) == static_cast<ptrdiff_t>(ended.size()));
    for (const RecordReason reason :
         {RecordReason::kIdle, RecordReason::kActive, RecordReason::kEnd, RecordReason::kLimit}) {
        const auto reasons = metered.reasons();
        CHECK(std::ranges::count(reasons, reason) > 0);
    }
}

TEST_CASE("the processes of conversations are those in use") {
    Metered metered;
    forensics::Process one;
    one.comm = "one";
    forensics::Process other;
    other.comm = "other";
    other.number = 1;
    metered.add(datagram(41000), 0, &one);
    metered.add(datagram(41001), 10, &other);
    metered.meter().advance(Metered::at(20));
    std::vector<std::string> used;
    metered.meter().each_process(
        [&](const forensics::Process* process) { used.push_back(process->comm); });
    CHECK(used == std::vector<std::string>{"other"});
    metered.finish();
    CHECK(metered.records()[0].flow.sides[0].processes.main() == &one);
}

}  // namespace

TEST_CASE("a record has the name that its address has when it is made, the latest") {
    Metered metered({.active_ns = 2 * kSecond});
    packet::NamedAddress target{.name = "web", .address = {.length = 4}};
    std::ranges::copy(std::array{10, 0, 0, 2}, target.address.bytes.begin());
    std::vector<std::string> names;
    for (const double second : {0.0, 3.0, 6.0}) {
        metered.add(datagram(40000), second);
        if (second == 3.0) {
            metered.meter().name_addresses({&target, 1});
            target.name = "db|web";
        }
    }
    metered.meter().name_addresses({&target, 1});
    metered.finish();
    for (const FlowRecord& record : metered.records()) {
        names.emplace_back(record.flow.dns_name);
    }
    CHECK(names == std::vector<std::string>{"", "web", "db|web"});
}
