// SPDX-License-Identifier: GPL-2.0-only
#include "packet/packet_store.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

using packet::Direction;
using packet::End;
using packet::Interface;
using packet::Packet;
using packet::PacketStore;
using packet::Process;
using packet::ProcessEvent;
using packet::Via;

namespace {

constexpr uint64_t kTime = 1763650000123456789;

Process make_process(uint32_t number, const std::string& comm, uint32_t version = 1) {
    Process process;
    process.number = number;
    process.pid = 1000 + number;
    process.version = version;
    process.comm = comm;
    process.cmdline = comm + std::string("\0-v\0", 4);
    process.user = "alice";
    return process;
}

struct Source {
    Interface lo{.number = 0, .link_type = 1, .snaplen = 0, .name = "lo"};
    std::vector<uint8_t> data;

    Packet packet(uint64_t time_ns, const Process* process, size_t size) {
        data.assign(size, static_cast<uint8_t>(time_ns));
        Packet packet;
        packet.time_ns = time_ns;
        packet.interface = &lo;
        packet.direction = Direction::kOutbound;
        packet.wire_length = static_cast<uint32_t>(size) + 7;
        packet.data = data;
        packet.self = {process, 77, Via::kSocket, 1000, 1001, "alice"};
        return packet;
    }
};

Packet packet_of(const std::optional<PacketStore::Record>& record) {
    REQUIRE(record);
    REQUIRE(std::holds_alternative<Packet>(*record));
    return std::get<Packet>(*record);
}

}  // namespace

TEST_CASE("what the store returns is what was added, with the process as it was") {
    PacketStore store(PacketStore::kSmallest);
    Source source;
    store.add_interface(source.lo);
    Process process = make_process(3, "before");
    Process other = make_process(4, "other");
    {
        Packet packet = source.packet(kTime, &process, 100);
        packet.drop_count = 5;
        packet.number = 42;
        const std::string user = "bob";
        packet.peer = {&other, 78, Via::kLookup, std::nullopt, 5, user};
        packet.self_at = packet::At::kSender;
        store.add(packet);
    }
    process.comm = "after";
    process.version++;
    store.add(source.packet(kTime + 1, &process, 3));
    store.add(ProcessEvent{kTime + 2, ProcessEvent::Type::kExit, &process});
    Packet nobody = source.packet(kTime + 3, nullptr, 0);
    nobody.self = {.via = Via::kKernel};
    store.add(nobody);
    process.comm = "gone";

    PacketStore::Cursor cursor = store.find(0);
    const Packet first = packet_of(store.next(cursor));
    CHECK(first.number == 42);
    CHECK(first.time_ns == kTime);
    CHECK(first.interface->name == "lo");
    CHECK(first.direction == Direction::kOutbound);
    CHECK(first.wire_length == 107);
    CHECK(first.data.size() == 100);
    CHECK(first.data[99] == static_cast<uint8_t>(kTime));
    CHECK(first.drop_count == 5);
    CHECK(first.self_at == packet::At::kSender);
    REQUIRE(first.self.process != nullptr);
    CHECK(first.self.process->comm == "before");
    CHECK(first.self.process->cmdline == std::string("before\0-v\0", 10));
    CHECK(first.self.tid == 77);
    CHECK(first.self.via == Via::kSocket);
    CHECK(first.self.uid == 1000);
    CHECK(first.self.gid == 1001);
    CHECK(first.self.user == "alice");
    REQUIRE(first.peer.process != nullptr);
    CHECK(first.peer.process->comm == "other");
    CHECK_FALSE(first.peer.uid);
    CHECK(first.peer.gid == 5);
    CHECK(first.peer.user == "bob");
    const Packet second = packet_of(store.next(cursor));
    CHECK(second.self.process->comm == "after");
    CHECK_FALSE(second.drop_count);
    const auto event = store.next(cursor);
    REQUIRE(event);
    REQUIRE(std::holds_alternative<ProcessEvent>(*event));
    CHECK(std::get<ProcessEvent>(*event).type == ProcessEvent::Type::kExit);
    CHECK(std::get<ProcessEvent>(*event).process->comm == "after");
    const Packet last = packet_of(store.next(cursor));
    CHECK(last.self.process == nullptr);
    CHECK(last.self.via == Via::kKernel);
    CHECK(last.data.empty());
    CHECK_FALSE(store.next(cursor));
}

TEST_CASE("a cursor goes on where it is as packets are added") {
    PacketStore store(PacketStore::kSmallest);
    Source source;
    store.add_interface(source.lo);
    PacketStore::Cursor cursor = store.find(kTime);
    CHECK_FALSE(store.next(cursor));
    for (uint64_t i = 0; i < 5000; i++) {
        store.add(source.packet(kTime + i, nullptr, 60));
        CHECK(packet_of(store.next(cursor)).time_ns == kTime + i);
        CHECK_FALSE(store.next(cursor));
    }
}

TEST_CASE("the memory is bounded, the oldest go, and those that left are counted") {
    constexpr uint64_t kLimit = uint64_t{4} << 20;
    PacketStore store(kLimit);
    Source source;
    store.add_interface(source.lo);
    constexpr uint64_t kCount = 100'000;
    uint64_t most = 0;
    const Process process = make_process(1, "one");
    for (uint64_t i = 0; i < kCount; i++) {
        store.add(source.packet(kTime + i, &process, i % 1500));
        most = std::max(most, store.fill().bytes);
        REQUIRE(store.fill().bytes <= kLimit);
    }
    CHECK(most > kLimit * 9 / 10);
    const PacketStore::Fill fill = store.fill();
    CHECK(fill.packets + fill.left == kCount);
    CHECK(fill.packets > kLimit / 1500);
    CHECK(fill.newest_ns == kTime + kCount - 1);
    // They are the latest ones, without a gap.
    PacketStore::Cursor cursor = store.find(0);
    uint64_t next = kCount - fill.packets;
    CHECK(fill.oldest_ns == kTime + next);
    while (const auto record = store.next(cursor)) {
        REQUIRE(packet_of(record).time_ns == kTime + next);
        REQUIRE(packet_of(record).data.size() == next % 1500);
        next++;
    }
    CHECK(next == kCount);
}

TEST_CASE("processes count: a new one with a long command line in each packet") {
    PacketStore store(PacketStore::kSmallest);
    Source source;
    store.add_interface(source.lo);
    for (uint32_t i = 0; i < 20'000; i++) {
        Process process = make_process(i, "short-lived");
        process.cmdline = std::string(4000, 'x');
        store.add(source.packet(kTime + i, &process, 60));
        REQUIRE(store.fill().bytes <= PacketStore::kSmallest);
    }
    CHECK(store.fill().packets > 100);
}

TEST_CASE("the largest packets fit into the smallest store") {
    PacketStore store(PacketStore::kSmallest);
    Source source;
    store.add_interface(source.lo);
    for (uint32_t i = 0; i < 20; i++) {
        store.add(source.packet(kTime + i, nullptr, 262144));
        REQUIRE(store.fill().bytes <= PacketStore::kSmallest);
    }
    CHECK(store.fill().packets == 3);
}

TEST_CASE("what is about to leave can be read for the last time") {
    PacketStore store(PacketStore::kSmallest);
    Source source;
    store.add_interface(source.lo);
    PacketStore::Cursor cursor;
    uint64_t next = 0;
    store.before_eviction([&](uint64_t chunk) {
        while (cursor.chunk <= chunk) {
            const auto record = store.next(cursor);
            if (!record) {
                return;
            }
            REQUIRE(packet_of(record).time_ns == kTime + next);
            next++;
        }
    });
    for (uint64_t i = 0; i < 50'000; i++) {
        store.add(source.packet(kTime + i, nullptr, 100));
    }
    while (const auto record = store.next(cursor)) {
        REQUIRE(packet_of(record).time_ns == kTime + next);
        next++;
    }
    CHECK(next == 50'000);
}

TEST_CASE("find() finds the first packet of a time or later, in whichever chunk") {
    PacketStore store(PacketStore::kSmallest);
    Source source;
    store.add_interface(source.lo);
    for (uint64_t i = 0; i < 3000; i++) {
        store.add(source.packet(kTime + 10 * i, nullptr, 100));
    }
    for (const uint64_t at : {0U, 1U, 10U, 15U, 14990U, 29990U}) {
        PacketStore::Cursor cursor = store.find(kTime + at);
        CHECK(packet_of(store.next(cursor)).time_ns == kTime + (at + 9) / 10 * 10);
    }
    PacketStore::Cursor cursor = store.find(kTime + 29991);
    CHECK_FALSE(store.next(cursor));
}
