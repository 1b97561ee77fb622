// SPDX-License-Identifier: GPL-2.0-only
//
// The file of a trigger with --ring: its statistics, its keys.
#include "cmd/recorder/ring_file.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "pcapng/reader.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tls_traffic.h"

using namespace cmd;
using test::TemporaryFolder;

namespace {

// What the statistics of a file say of its interfaces, by their names: received, dropped.
using Statistics = std::map<std::string, std::pair<uint64_t, uint64_t>>;

Statistics statistics_of(const std::string& path) {
    auto reader = pcapng::Reader::open_file(path);
    REQUIRE(reader);
    std::vector<std::string> names;
    Statistics statistics;
    while (true) {
        const auto block = reader->next();
        REQUIRE(block);
        if (!*block) {
            return statistics;
        }
        if (const auto* interface = std::get_if<pcapng::InterfaceRead>(&**block)) {
            names.emplace_back(interface->name);
        } else if (const auto* counted = std::get_if<pcapng::StatisticsRead>(&**block)) {
            statistics[names.at(counted->interface_id)] = {counted->received.value_or(0),
                                                           counted->os_dropped.value_or(0)};
        }
    }
}

}  // namespace

TEST_CASE("an interface whose packets were all lost or refused is in the file of a trigger") {
    unsetenv("SUDO_UID");  // the files are this process's
    const TemporaryFolder folder;
    auto signals = StopSignals::open();
    REQUIRE(signals);
    RecorderOptions recorder;
    recorder.ring = packet::PacketStore::kSmallest;
    RotationOptions rotation;
    rotation.by_trigger = true;
    auto file = RingFile::open(folder.file("a.pcapng"), recorder, rotation, {}, *signals);
    REQUIRE(file);
    TriggeredFile::Counters counters(4);
    (*file)->counters_from([&counters] { return counters; });
    REQUIRE((*file)->begin("test"));
    std::vector<packet::Interface> interfaces;
    for (const std::string name : {"captured", "lost", "refused", "idle"}) {
        interfaces.push_back({.number = static_cast<uint32_t>(interfaces.size()), .name = name});
        REQUIRE((*file)->interface(interfaces.back()));
    }
    const uint64_t now = capture::clock_ns(CLOCK_REALTIME);
    const std::vector<uint8_t> data(60, 0);
    packet::Packet packet;
    packet.interface = &interfaces.front();
    packet.time_ns = now;
    packet.data = data;
    packet.wire_length = 60;
    REQUIRE((*file)->packet(packet));
    counters[0].captured = 1;
    counters[1].dropped[0] = 5;
    counters[2].filtered = 7;
    const auto answer = (*file)->trigger({.kind = Trigger::Kind::kSignal, .time_ns = now});
    REQUIRE(answer);
    REQUIRE((*file)->finish(counters));
    CHECK(statistics_of(answer->path) ==
          Statistics{{"captured", {1, 0}}, {"lost", {5, 5}}, {"refused", {7, 0}}});
}

TEST_CASE("the file of a trigger has the keys of the hellos in it, whenever they came") {
    unsetenv("SUDO_UID");
    const TemporaryFolder folder;
    auto signals = StopSignals::open();
    REQUIRE(signals);
    const test::SamplePackets packets = test::packets_of("tls.pcapng");
    RecorderOptions recorder;
    recorder.ring = packet::PacketStore::kSmallest;
    recorder.window = {.before = std::chrono::seconds(1), .after = std::chrono::seconds(1)};
    RotationOptions rotation;
    rotation.by_trigger = true;
    auto file = RingFile::open(folder.file("a.pcapng"), recorder, rotation, {}, *signals);
    REQUIRE(file);
    (*file)->counters_from([] { return TriggeredFile::Counters(1); });
    REQUIRE((*file)->begin("test"));
    REQUIRE((*file)->interface(packets.interface));
    const std::vector<packet::KeyLogLine> keys = test::sample_keys();
    const size_t half = keys.size() / 2;
    REQUIRE((*file)->keys(std::span(keys).first(half)));
    for (size_t i = 0; i < packets.size(); i++) {
        REQUIRE((*file)->packet(packets.at(i)));
    }
    REQUIRE((*file)->keys(std::span(keys).subspan(half)));
    // Around the last connections: the first are seconds before them.
    const auto answer =
        (*file)->trigger({.kind = Trigger::Kind::kSignal, .time_ns = packets.times.back()});
    REQUIRE(answer);
    REQUIRE((*file)->finish(TriggeredFile::Counters(1)));

    CHECK(test::requests_in(answer->path) == std::vector<std::string>{"/four.txt", "/five.txt"});
    CHECK(test::randoms_of_hellos(answer->path).size() == 2);
    CHECK(test::randoms_of_keys(answer->path) == test::randoms_of_hellos(answer->path));
}
