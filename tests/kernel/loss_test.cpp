// SPDX-License-Identifier: GPL-2.0-only
//
// The loss equation: what was sent is in the file or in a drop counter, to the last packet. pidcap
// is stopped during a flood, so that the smallest rings must overflow.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>

#include "bpf/contract.h"
#include "tests/support/cable.h"
#include "tests/support/capture.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/traffic.h"

namespace {

using namespace test;

constexpr uint16_t kPort = 9;

// A socket on each CPU, connected to a receiver that takes nothing.
struct Generator {
    pcapng::Fd receiver;
    std::vector<pcapng::Fd> senders;

    Generator(const Netns& from, const char* source, const Netns& to, const char* destination)
        : receiver(udp_socket(to, destination, kPort)) {
        for (int cpu = 0; cpu < cpu_count(); cpu++) {
            senders.push_back(udp_socket(from, source));
            connect_to(senders.back(), destination, kPort);
        }
    }
};

bool file_contains(const std::string& file, const std::vector<uint8_t>& bytes) {
    std::ifstream stream(file, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(stream), {}};
    return content.find(std::string(bytes.begin(), bytes.end())) != std::string::npos;
}

// Sends a packet on each CPU, again and again until each has one in the file: that one has told the
// drops before it. Returns how many were sent.
uint64_t send_until_seen(const Generator& generator, const std::string& file) {
    constexpr size_t kSize = 600;
    uint64_t sent = 0;
    uint32_t number = 0x40000000;
    for (int cpu = 0; cpu < cpu_count(); cpu++) {
        bool seen = false;
        for (int tries = 0; tries < 1000 && !seen; tries++) {
            number++;
            sent +=
                send_numbered(generator.senders[static_cast<size_t>(cpu)], number, 1, kSize, cpu);
            for (int looks = 0; looks < 20 && !seen; looks++) {
                usleep(20'000);  // the file is written some time later
                seen = file_contains(file, payload_of(number, kSize));
            }
        }
        REQUIRE(seen);
    }
    cpu_set_t all;
    CPU_ZERO(&all);
    for (int cpu = 0; cpu < cpu_count(); cpu++) {
        CPU_SET(static_cast<size_t>(cpu), &all);
    }
    sched_setaffinity(0, sizeof(all), &all);
    return sent;
}

uint64_t drop_counts_of(const std::string& file) {
    uint64_t sum = 0;
    for (const auto& row : fields_of(file, {"frame.drop_count"}, "frame.drop_count")) {
        sum += std::stoull(row[0]);
    }
    return sum;
}

// Transmitted packets and those that the device itself dropped, of `ip -s link`.
struct DeviceCounters {
    uint64_t packets = 0;
    uint64_t dropped = 0;
};
DeviceCounters transmitted(const Netns& netns, const std::string& device) {
    const std::string text = run_in(netns, "ip -s link show " + device);
    std::istringstream words(text.substr(text.rfind('\n', text.size() - 2) + 1));
    uint64_t bytes = 0;
    uint64_t errors = 0;
    DeviceCounters counters;
    words >> bytes >> counters.packets >> errors >> counters.dropped;
    return counters;
}

void require_equation(const Capture& capture, const std::string& file, uint64_t sent) {
    const Totals totals = totals_of(capture.err());
    const Statistics statistics = statistics_of(file);
    CHECK(totals.captured + totals.dropped == sent);
    CHECK(packets_of(file).size() == totals.captured);
    CHECK(statistics.dropped == totals.dropped);
    CHECK(statistics.delivered == totals.captured);
    CHECK(statistics.received == sent);
    CHECK(drop_counts_of(file) == totals.dropped);
}

// A capture on lo with the smallest rings, and where it goes.
struct Narrow {
    Netns netns;
    TemporaryFolder folder;
    std::string file = folder.file("loss.pcapng");
    Generator generator{netns, "127.0.0.1", netns, "127.0.0.1"};
    Capture capture{netns, {"-i", "lo", "-w", file, "-B", "1"}};
};

// The same on one end of a cable that is flooded from a.
struct NarrowCable {
    Cable cable;
    TemporaryFolder folder;
    std::string file = folder.file("loss.pcapng");
    Generator generator{cable.a, kAddressA, cable.b, kAddressB};
    DeviceCounters before = transmitted(cable.a, "va");
    Capture capture;

    explicit NarrowCable(bool way_out)
        : capture(way_out ? cable.a : cable.b,
                  {"-i", way_out ? "va" : "vb", "-w", file, "-B", "1"}) {}
};

// Two floods against a stopped pidcap, and one in between while it runs.
uint64_t overflow(Capture& capture, const Generator& generator, const std::string& file) {
    constexpr uint32_t kEach = 5000;
    uint64_t sent = 0;
    for (int round = 0; round < 2; round++) {
        capture.signal(SIGSTOP);
        sent += flood(generator.senders, kEach, 200);
        capture.signal(SIGCONT);
        sent += flood(generator.senders, kEach / 5, 20);
    }
    return sent + send_until_seen(generator, file);
}

}  // namespace

TEST_CASE("what overflows the rings on a veth's way out is counted to the last packet") {
    NarrowCable narrow(true);
    const uint64_t sent = overflow(narrow.capture, narrow.generator, narrow.file);
    narrow.capture.stop();

    const DeviceCounters after = transmitted(narrow.cable.a, "va");
    CHECK(after.packets - narrow.before.packets + after.dropped - narrow.before.dropped == sent);
    REQUIRE(totals_of(narrow.capture.err()).dropped > 5000);
    require_equation(narrow.capture, narrow.file, sent);
    require_readable(narrow.file);
}

TEST_CASE("what overflows the rings on a veth's way in is counted to the last packet") {
    NarrowCable narrow(false);
    overflow(narrow.capture, narrow.generator, narrow.file);
    narrow.capture.stop();

    // A full backlog of the receiving side drops before any hook sees the packet.
    const uint64_t arrived = transmitted(narrow.cable.a, "va").packets - narrow.before.packets;
    REQUIRE(totals_of(narrow.capture.err()).dropped > 5000);
    require_equation(narrow.capture, narrow.file, arrived);
}

TEST_CASE("what overflows the rings on lo is counted to the last packet") {
    Narrow narrow;
    const uint64_t sent = overflow(narrow.capture, narrow.generator, narrow.file);
    narrow.capture.stop();

    REQUIRE(totals_of(narrow.capture.err()).dropped > 5000);
    require_equation(narrow.capture, narrow.file, sent);
}

TEST_CASE("drops that no later packet can tell are in the statistics all the same") {
    Narrow narrow;
    Capture& capture = narrow.capture;
    const std::string& file = narrow.file;
    capture.signal(SIGSTOP);
    const uint64_t sent = flood(narrow.generator.senders, 10'000, 100);
    capture.signal(SIGINT);  // pending until it goes on
    capture.signal(SIGCONT);
    REQUIRE(capture.wait() == 0);

    const Totals totals = totals_of(capture.err());
    const Statistics statistics = statistics_of(file);
    REQUIRE(totals.dropped > 1000);
    CHECK(totals.captured + totals.dropped == sent);
    CHECK(packets_of(file).size() == totals.captured);
    CHECK(statistics.dropped == totals.dropped);
    CHECK(statistics.received == sent);
    CHECK(drop_counts_of(file) == 0);
    CHECK(capture.err().find("ring full: ") != std::string::npos);
}

// The map of drops of this process, which has it open; not that of another capture on the machine.
pcapng::Fd drop_counters_of(pid_t pid) {
    const std::string folder = "/proc/" + std::to_string(pid) + "/fdinfo";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream stream(entry.path());
        uint32_t id = 0;
        for (std::string key; id == 0 && stream >> key;) {
            if (key == "map_id:") {
                stream >> id;
            }
        }
        pcapng::Fd map(id != 0 ? bpf_map_get_fd_by_id(id) : -1);
        bpf_map_info info{};
        __u32 size = sizeof(info);
        if (map.valid() && bpf_obj_get_info_by_fd(map.get(), &info, &size) == 0 &&
            std::string(info.name) == "drops") {
            return map;
        }
    }
    return {};
}

// Takes all room in the map of drops, as thousands of interfaces would.
void fill_drop_counters(const Capture& capture) {
    const pcapng::Fd map = drop_counters_of(capture.pid());
    REQUIRE(map.valid());
    const std::vector<pidcap_drops> none(static_cast<size_t>(libbpf_num_possible_cpus()));
    pidcap_interface key{};
    do {
        key.netns = 1;
        key.ifindex++;
    } while (bpf_map_update_elem(map.get(), &key, none.data(), BPF_NOEXIST) == 0);
    REQUIRE(errno == E2BIG);
}

TEST_CASE("drops of an interface that finds no room for counters are counted with the others") {
    Narrow narrow;
    fill_drop_counters(narrow.capture);
    const uint64_t sent = overflow(narrow.capture, narrow.generator, narrow.file);
    narrow.capture.stop();

    const Totals totals = totals_of(narrow.capture.err());
    REQUIRE(totals.dropped > 5000);
    CHECK(totals.captured + totals.dropped == sent);
    CHECK(packets_of(narrow.file).size() == totals.captured);
    require_readable(narrow.file);
}

TEST_CASE("a rename in the middle of a flood loses no drop") {
    const Cable cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("loss.pcapng");
    const Generator generator(cable.a, kAddressA, cable.b, kAddressB);
    Capture capture(cable.a, {"-i", "any", "-w", file, "-B", "1"});

    uint64_t sent = 0;
    for (const char* name : {"vc", "vd", "ve"}) {
        static std::string now = "va";
        capture.signal(SIGSTOP);
        sent += flood(generator.senders, 10'000, 200);
        cable.a.ip("link set " + now + " name " + name);
        now = name;
        sent += flood(generator.senders, 1000, 200);
        capture.signal(SIGCONT);
        sent += flood(generator.senders, 10'000, 200);
    }
    capture.stop();

    const Totals totals = totals_of(capture.err());
    const Statistics statistics = statistics_of(file);
    REQUIRE(totals.dropped > 10'000);
    CHECK(totals.captured + totals.dropped == sent);
    CHECK(statistics.received == sent);
    CHECK(statistics.dropped == totals.dropped);
}

TEST_CASE("a flood that fits into the rings is captured whole", "[alone]") {
    const Cable cable;
    const TemporaryFolder folder;
    const std::string file = folder.file("whole.pcapng");
    const Generator generator(cable.a, kAddressA, cable.b, kAddressB);
    Capture capture(cable.a, {"-i", "va", "-w", file});

    constexpr uint32_t kEach = 25'000;
    const uint64_t sent = flood(generator.senders, kEach, 100);
    REQUIRE(sent == kEach * generator.senders.size());
    capture.stop();

    CHECK(totals_of(capture.err()).dropped == 0);
    const auto packets = packets_of(file);
    REQUIRE(packets.size() == sent);
    std::vector<bool> seen(sent);
    for (const SeenPacket& packet : packets) {
        const auto payload = udp_payload(packet.data);
        REQUIRE(payload);
        uint32_t number = 0;
        std::memcpy(&number, payload->data(), sizeof(number));
        REQUIRE(number < sent);
        REQUIRE_FALSE(seen[number]);
        seen[number] = true;
        const auto expected = payload_of(number, 100);
        REQUIRE(std::equal(payload->begin(), payload->end(), expected.begin(), expected.end()));
    }
}
