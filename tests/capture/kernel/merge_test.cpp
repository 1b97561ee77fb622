// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "capture/clock.h"
#include "tests/capture/kernel/fake_ring.h"

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
    std::function<void()> while_packet;  // called for each

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
        if (while_packet) {
            while_packet();
        }
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

uint64_t sample(Ring& ring) {
    const Result<uint64_t> limit = ring.sample();
    REQUIRE(limit.ok());
    return *limit;
}

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
    CHECK(ring.peek(sample(ring)).empty());
    fake.add(std::span(bytes, 5));
    fake.add(std::span(bytes, 7), BPF_RINGBUF_DISCARD_BIT);
    fake.add(std::span(bytes, 20));
    const uint64_t limit = sample(ring);
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
    CHECK(ring.peek(sample(ring)).size() == 9);
}

TEST_CASE("a record that runs over the ring's end is whole") {
    FakeRing fake;
    Ring ring = fake.open();
    for (size_t i = 0; i < 50; ++i) {
        std::vector<std::byte> record(1000 + i, static_cast<std::byte>(i));
        fake.add(record);
        const auto seen = ring.peek(sample(ring));
        CHECK((std::vector<std::byte>(seen.begin(), seen.end()) == record));
        ring.advance();
        ring.release();
    }
    CHECK(fake.produced() > 10 * FakeRing::kSize);
    CHECK(fake.consumed() == fake.produced());
}

TEST_CASE("the largest record there is, over the ring's end, is whole") {
    constexpr size_t kLarge = 1U << 20;
    test::FakeRing kernel(kLarge);
    Ring ring = kernel.open();
    // So that the next one's header is the last that fits before the end.
    const std::vector<std::byte> before(kLarge - 2 * BPF_RINGBUF_HDR_SZ);
    kernel.add(before);
    REQUIRE(ring.peek(sample(ring)).size() == before.size());
    ring.advance();
    ring.release();

    std::vector<std::byte> largest(sizeof(pidcap_packet) + PIDCAP_SNAPLEN_MAX);
    for (size_t i = 0; i < largest.size(); ++i) {
        largest[i] = static_cast<std::byte>(i % 251);
    }
    kernel.add(largest);
    const auto record = ring.peek(sample(ring));
    CHECK(std::ranges::equal(record, largest));
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
    CHECK(ring.peek(sample(ring)).size() == sizeof(bytes));
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
    CHECK(handed.error().message ==
          fmt::format("ring 0: a record of {} bytes is no packet", sizeof(pidcap_packet) - 1));
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

TEST_CASE("a ring's space is given back in sixteenths, never that of a record in use") {
    FakeRing fake;
    Ring ring = fake.open();
    const std::vector<std::byte> record(56);  // 64 with its header
    for (int lap = 0; lap < 3; ++lap) {
        const uint64_t begin = fake.produced();
        for (size_t i = 0; i < FakeRing::kSize / 64; ++i) {
            fake.add(record, i % 7 == 3 ? BPF_RINGBUF_DISCARD_BIT : 0U);
        }
        for (uint64_t at = begin; at < fake.produced(); at += 64) {
            if ((at - begin) / 64 % 7 == 3) {
                continue;
            }
            REQUIRE(ring.peek(sample(ring)).size() == 56);
            CHECK(fake.consumed() <= at);
            CHECK(at - fake.consumed() < FakeRing::kSize / 16);
            ring.advance();
        }
        CHECK(ring.peek(sample(ring)).empty());
        ring.release();
        CHECK(fake.consumed() == fake.produced());
    }
}

TEST_CASE("space is given back while a round goes on, but not that of the packet in hand") {
    Rings rings;
    Merge merge = rings.merge();
    std::vector<uint64_t> begins;
    for (uint64_t time = 1; time <= 20; ++time) {
        begins.push_back(rings.first.add(packet_record(time)));
    }
    rings.second.add(packet_record(100, "last"));
    Notes notes;
    size_t at = 0;
    size_t given_back = 0;
    notes.while_packet = [&] {
        CHECK(rings.second.consumed() == 0);
        if (at < begins.size()) {
            CHECK(rings.first.consumed() <= begins[at]);
            given_back += rings.first.consumed() > 0;
            CHECK(begins[at] - rings.first.consumed() < FakeRing::kSize / 16);
        }
        at++;
    };
    CHECK(round(merge, notes) == 21);
    CHECK(given_back > 15);
    CHECK(rings.second.consumed() == rings.second.produced());
}

TEST_CASE("packets that come during a round into space given back overwrite none of it") {
    Rings rings;
    Merge merge = rings.merge();
    FakeRing* const both[] = {&rings.first, &rings.second};
    uint64_t time = 0;
    const auto data_of = [](uint64_t of) {
        return std::string(of * 37 % 400, static_cast<char>('a' + of % 26));
    };
    const auto fill = [&] {
        for (;;) {
            const auto record = packet_record(time + 1, data_of(time + 1));
            FakeRing& ring = *both[(time + 1) / 5 % 2];  // some in a row into each
            if (time == 3000 || !ring.has_room(record.size())) {
                return;
            }
            ring.add(record);
            time++;
        }
    };
    Notes notes;
    notes.while_packet = fill;
    fill();
    uint64_t handed = 0;
    uint64_t rounds = 0;
    for (uint64_t now = 1; now > 0; rounds++) {
        now = round(merge, notes);
        handed += now;
    }
    CHECK(handed == 3000);
    CHECK(rounds > 10);
    std::vector<std::string> expected;
    for (uint64_t of = 1; of <= 3000; ++of) {
        expected.push_back("p " + std::to_string(of) + " " + data_of(of));
    }
    std::erase(notes.all, "begin");
    CHECK((notes.all == expected));
}

TEST_CASE("of a small and a large ring, used in turn, packets come in the order of their time") {
    Rings rings;  // `first` is the small one: it is gone to first
    Merge merge = rings.merge();
    std::mt19937 random(3);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    Notes notes;
    uint64_t time = 0;
    uint64_t handed = 0;
    size_t changes = 0;
    const FakeRing* last = nullptr;
    for (int i = 0; i < 500; ++i) {
        for (size_t left = random() % 40; left > 0; --left) {
            const auto record = packet_record(time + 1, std::string(random() % 600, 'x'));
            // As the programs do it: a large record may not find room where a small one does next.
            FakeRing& ring = rings.first.has_room(record.size()) ? rings.first : rings.second;
            if (!ring.has_room(record.size())) {
                break;
            }
            ring.add(record);
            changes += last != &ring;
            last = &ring;
            time++;
        }
        handed += round(merge, notes);
        REQUIRE(handed == time);
    }
    CHECK(changes > 1000);
    uint64_t before = 0;
    for (const std::string& note : notes.all) {
        if (note != "begin") {
            REQUIRE(note.starts_with("p " + std::to_string(++before) + " "));
        }
    }
    CHECK(before == time);
}

TEST_CASE("a round tells how full the fullest ring was when it began") {
    Rings rings;
    Merge merge = rings.merge();
    CHECK(merge.filled() == 0);
    Notes notes;
    round(merge, notes);
    CHECK(merge.filled() == 0);
    const auto part = [](const FakeRing& ring) {
        return static_cast<double>(ring.produced() - ring.consumed()) / FakeRing::kSize;
    };

    rings.first.add(packet_record(1));
    for (int i = 0; i < 10; ++i) {
        rings.second.add(packet_record(2));
    }
    const double second = part(rings.second);
    CHECK(second > 0.3);
    notes.while_packet = [&] { CHECK(merge.filled() == second); };
    CHECK(round(merge, notes) == 11);
    CHECK(merge.filled() == second);

    // What comes while it lasts counts in the next one, as does what is still too young.
    notes.while_packet = [&] { rings.first.add(packet_record(4)); };
    rings.second.add(packet_record(3, "of another length"));
    const double third = part(rings.second);
    CHECK(round(merge, notes) == 1);
    CHECK(merge.filled() == third);
    notes.while_packet = {};
    rings.first.add(packet_record(capture::clock_ns(CLOCK_MONOTONIC) + 3'600'000'000'000));
    CHECK(round(merge, notes) == 1);
    const double young = part(rings.first);
    CHECK(young > 0);
    CHECK(round(merge, notes) == 0);
    CHECK(merge.filled() == young);
}

TEST_CASE("a ring that is full to the last byte is 1, before and after its end was passed") {
    FakeRing fake;
    std::vector<Ring> packets;
    packets.push_back(fake.open());
    const FakeRing events;
    Merge merge(std::move(packets), events.open());
    Notes notes;
    for (int lap = 0; lap < 3; ++lap) {
        const size_t record = FakeRing::kSize / 8 - BPF_RINGBUF_HDR_SZ;
        for (int i = 0; i < 8; ++i) {
            fake.add(packet_record(1, std::string(record - sizeof(pidcap_packet), 'x')));
        }
        CHECK(round(merge, notes) == 8);
        CHECK(merge.filled() == 1);
        CHECK(round(merge, notes) == 0);
        CHECK(merge.filled() == 0);
        fake.add(packet_record(1));  // so that the next lap begins elsewhere
        CHECK(round(merge, notes) == 1);
    }
}
