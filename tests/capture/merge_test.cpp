// SPDX-License-Identifier: GPL-2.0-only
#include "capture/merge.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "capture/clock.h"
#include "tests/capture/fake_ring.h"

using capture::Merge;
using capture::Result;
using capture::Ring;
using test::FakeRing;

namespace {

std::vector<std::byte> packet_record(uint64_t time, std::string_view data = "data") {
    pidcap_packet packet{};
    packet.time_mono = time;
    packet.caplen = static_cast<uint32_t>(data.size());
    std::vector<std::byte> record(sizeof(packet) + data.size());
    std::memcpy(record.data(), &packet, sizeof(packet));
    std::memcpy(record.data() + sizeof(packet), data.data(), data.size());
    return record;
}

std::vector<std::byte> event_record(uint64_t time, std::string_view path = {}) {
    pidcap_event event{};
    event.time_mono = time;
    event.path_len = static_cast<uint16_t>(path.size());
    std::vector<std::byte> record(sizeof(event) + path.size());
    std::memcpy(record.data(), &event, sizeof(event));
    if (!path.empty()) {  // memcpy takes no null pointer, not even for nothing
        std::memcpy(record.data() + sizeof(event), path.data(), path.size());
    }
    return record;
}

// Notes what it is handed as "p TIME DATA" and "e TIME PAYLOAD".
class Notes : public capture::RecordHandler {
  public:
    std::vector<std::string> all;
    uint64_t fail_at = 0;

  private:
    static std::string text(std::span<const std::byte> bytes) {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    void begin() override { all.emplace_back("begin"); }
    void event(const pidcap_event& event, std::span<const std::byte> payload) override {
        all.push_back("e " + std::to_string(event.time_mono) + " " + text(payload));
    }
    Result<void> packet(const pidcap_packet& packet, std::span<const std::byte> data) override {
        all.push_back("p " + std::to_string(packet.time_mono) + " " + text(data));
        if (packet.time_mono == fail_at) {
            return capture::Error{"stop", 0};
        }
        return {};
    }
};

struct Rings {
    FakeRing first;
    FakeRing second;
    FakeRing events;

    Merge merge() const {
        std::vector<Ring> packets;
        packets.push_back(first.open());
        packets.push_back(second.open());
        return {std::move(packets), events.open()};
    }
};

uint64_t round(Merge& merge, Notes& notes) {
    const Result<uint64_t> handed = merge.round(notes);
    REQUIRE(handed.ok());
    return *handed;
}

}  // namespace

TEST_CASE("a ring's records come in order, discarded ones are skipped, space is given back") {
    FakeRing fake;
    Ring ring = fake.open();
    const std::byte bytes[20] = {std::byte{1}, std::byte{2}};
    CHECK(ring.peek(ring.produced()).empty());
    fake.add(std::span(bytes, 5));
    fake.add(std::span(bytes, 7), BPF_RINGBUF_DISCARD_BIT);
    fake.add(std::span(bytes, 20));
    const uint64_t limit = ring.produced();
    fake.add(std::span(bytes, 9));
    CHECK(ring.peek(limit).size() == 5);
    CHECK(ring.peek(limit).size() == 5);
    CHECK(ring.peek(limit)[1] == std::byte{2});
    ring.advance();
    CHECK(ring.peek(limit).size() == 20);
    CHECK(fake.consumed() == 0);
    ring.advance();
    CHECK(ring.peek(limit).empty());
    ring.release();
    CHECK(fake.consumed() == limit);
    CHECK(ring.peek(ring.produced()).size() == 9);
}

TEST_CASE("a record that runs over the ring's end is whole") {
    FakeRing fake;
    Ring ring = fake.open();
    for (size_t i = 0; i < 50; ++i) {
        std::vector<std::byte> record(1000 + i, static_cast<std::byte>(i));
        fake.add(record);
        const auto seen = ring.peek(ring.produced());
        CHECK((std::vector<std::byte>(seen.begin(), seen.end()) == record));
        ring.advance();
        ring.release();
    }
    CHECK(fake.produced() > 10 * FakeRing::kSize);
    CHECK(fake.consumed() == fake.produced());
}

TEST_CASE("a record that is not yet submitted is waited for") {
    FakeRing fake;
    Ring ring = fake.open();
    const std::byte bytes[8] = {};
    const uint64_t at = fake.add(bytes, BPF_RINGBUF_BUSY_BIT);
    const auto begin = std::chrono::steady_clock::now();
    std::thread program([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        fake.submit(at, sizeof(bytes));
    });
    CHECK(ring.peek(ring.produced()).size() == sizeof(bytes));
    CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(25));
    program.join();
}

TEST_CASE("packets of all rings come in the order of their time, each event before later packets") {
    Rings rings;
    Merge merge = rings.merge();
    for (const uint64_t time : {10U, 40U, 50U}) {
        rings.first.add(packet_record(time, "first"));
    }
    for (const uint64_t time : {20U, 30U, 60U}) {
        rings.second.add(packet_record(time, "second"));
    }
    rings.events.add(event_record(45, "late"));
    rings.events.add(event_record(20, "same"));
    rings.events.add(event_record(70));
    rings.events.add(event_record(5), BPF_RINGBUF_DISCARD_BIT);
    Notes notes;
    CHECK(round(merge, notes) == 6);
    CHECK(notes.all == std::vector<std::string>{"begin", "p 10 first", "e 20 same", "p 20 second",
                                                "p 30 second", "p 40 first", "e 45 late",
                                                "p 50 first", "p 60 second", "e 70 "});
    CHECK(rings.first.consumed() == rings.first.produced());
    CHECK(rings.second.consumed() == rings.second.produced());
    CHECK(rings.events.consumed() == rings.events.produced());
    CHECK(round(merge, notes) == 0);
    CHECK(notes.all.size() == 11);
}

TEST_CASE("what is later than a round's beginning waits for the next") {
    Rings rings;
    Merge merge = rings.merge();
    const uint64_t later = capture::clock_ns(CLOCK_MONOTONIC) + 300'000'000;
    rings.first.add(packet_record(later, "a"));
    rings.second.add(packet_record(10, "b"));
    rings.events.add(event_record(later - 1));
    rings.events.add(event_record(5));
    Notes notes;
    CHECK(round(merge, notes) == 1);
    CHECK(notes.all == std::vector<std::string>{"begin", "e 5 ", "p 10 b"});
    CHECK(rings.first.consumed() == 0);
    while (capture::clock_ns(CLOCK_MONOTONIC) <= later) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    CHECK(round(merge, notes) == 1);
    CHECK(notes.all[4] == "e " + std::to_string(later - 1) + " ");
    CHECK(notes.all[5] == "p " + std::to_string(later) + " a");
}

TEST_CASE("lengths in a record are not believed beyond the record") {
    Rings rings;
    Merge merge = rings.merge();
    auto packet = packet_record(10, "abc");
    const uint32_t caplen = 1000;
    std::memcpy(packet.data() + offsetof(pidcap_packet, caplen), &caplen, sizeof(caplen));
    rings.first.add(packet);
    auto event = event_record(5, "xyz");
    const uint16_t path_len = 65535;
    std::memcpy(event.data() + offsetof(pidcap_event, path_len), &path_len, sizeof(path_len));
    rings.events.add(event);
    rings.events.add(std::vector<std::byte>(8));  // too short for an event
    Notes notes;
    CHECK(round(merge, notes) == 1);
    CHECK(notes.all == std::vector<std::string>{"begin", "e 5 xyz", "p 10 abc"});
}

TEST_CASE("a record that is too short for a packet is an error, and blocks nothing in silence") {
    Rings rings;
    Merge merge = rings.merge();
    rings.first.add(packet_record(10));
    rings.first.add(std::vector<std::byte>(sizeof(pidcap_packet) - 1));
    rings.second.add(packet_record(5));
    Notes notes;
    const Result<uint64_t> handed = merge.round(notes);
    REQUIRE_FALSE(handed.ok());
    CHECK(handed.error().message == fmt::format("ring of CPU 0: a record of {} bytes is no packet",
                                                sizeof(pidcap_packet) - 1));
    CHECK(notes.all == std::vector<std::string>{"begin", "p 5 data", "p 10 data"});
}

TEST_CASE("an error of the one who takes the packets ends the round and is returned") {
    Rings rings;
    Merge merge = rings.merge();
    rings.first.add(packet_record(10));
    rings.first.add(packet_record(20));
    Notes notes;
    notes.fail_at = 10;
    const Result<uint64_t> handed = merge.round(notes);
    REQUIRE_FALSE(handed.ok());
    CHECK(handed.error().message == "stop");
    CHECK(notes.all.size() == 2);
}
