// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/analysis.h"

#include <map>
#include <set>

#include "forensics/source/source.h"
#include "tests/forensics/told_file.h"

namespace {

using forensics::Amount;
using forensics::Analysis;
using forensics::Packet;
using forensics::Process;

struct Expected {
    Amount sent, received;
    std::set<std::string> flows, peers;
    uint64_t direct = 0;

    static void add(Amount& amount, const test::TsharkPacket& packet) {
        ++amount.packets;
        amount.bytes += packet.length;
    }
};

Packet packet_between(const Process* self, const Process* peer, forensics::At at) {
    static const std::vector<uint8_t> kData(60);
    Packet packet;
    packet.wire_length = 100;
    packet.data = kData;
    packet.self = {.process = self, .via = packet::Via::kSocket};
    packet.peer = {.process = peer, .via = packet::Via::kFlow};
    packet.self_at = at;
    return packet;
}

TEST_CASE("each process's sums are those of tshark's fields") {
    std::map<uint64_t, Expected> expected;
    std::map<std::string, Amount> without;
    Amount total;
    for (const test::TsharkPacket& packet : test::tshark_packets(test::told_file())) {
        Expected::add(total, packet);
        const auto sender = packet.sender();
        const auto receiver = packet.receiver();
        if (!sender && !receiver) {
            Expected::add(without[packet.word("via")], packet);
        }
        if (sender) {
            Expected& of = expected[*sender];
            Expected::add(of.sent, packet);
            of.flows.insert(packet.stream);
            of.peers.insert(packet.destination);
            ++of.direct;
        }
        if (receiver) {
            Expected& of = expected[*receiver];
            Expected::add(of.received, packet);
            of.flows.insert(packet.stream);
            of.peers.insert(packet.source);
            ++of.direct;
        }
    }

    auto source = forensics::Source::open(test::told_file());
    REQUIRE(source);
    Analysis analysis;
    while (true) {
        const auto packet = source->next();
        REQUIRE(packet);
        if (*packet == nullptr) {
            break;
        }
        analysis.add(**packet);
    }
    analysis.finish();

    CHECK(analysis.total().packets == total.packets);
    CHECK(analysis.total().bytes == total.bytes);
    CHECK(analysis.unattributed().kernel.bytes == without["kernel"].bytes);
    CHECK(analysis.unattributed().kernel.packets == without["kernel"].packets);
    CHECK(analysis.unattributed().forwarded.bytes == without["forwarded"].bytes);
    CHECK(analysis.unattributed().unknown.bytes == without["unknown"].bytes);
    CHECK(analysis.unattributed().silent.packets == 0);
    CHECK(without.size() == 3);
    size_t seen = 0;
    for (const forensics::ProcessTraffic& traffic : analysis.processes()) {
        if (traffic.process == nullptr) {
            continue;
        }
        ++seen;
        INFO("pid " << traffic.process->pid);
        const auto found = expected.find(traffic.process->pid);
        REQUIRE(found != expected.end());
        CHECK(traffic.sent.packets == found->second.sent.packets);
        CHECK(traffic.sent.bytes == found->second.sent.bytes);
        CHECK(traffic.received.packets == found->second.received.packets);
        CHECK(traffic.received.bytes == found->second.received.bytes);
        CHECK(traffic.either.packets == 0);
        CHECK(traffic.flows == found->second.flows.size());
        CHECK(traffic.peers == found->second.peers.size());
        CHECK(traffic.direct == found->second.direct);
        CHECK(traffic.inferred == 0);
    }
    CHECK(seen == expected.size());
    CHECK(seen == 40);
}

TEST_CASE("a packet of a process to itself is sent once and received once") {
    Process process;
    const auto at =
        GENERATE(forensics::At::kSender, forensics::At::kReceiver, forensics::At::kUnknown);
    Analysis analysis;
    analysis.add(packet_between(&process, &process, at));
    analysis.finish();
    CHECK(analysis.total().packets == 1);
    const forensics::ProcessTraffic& traffic = analysis.processes().at(0);
    CHECK(traffic.sent.packets == 1);
    CHECK(traffic.received.bytes == 100);
    CHECK(traffic.either.packets == 0);
    CHECK(traffic.direct == 1);
    CHECK(traffic.inferred == 1);
}

TEST_CASE("where no end is told a packet counts for both processes, as either") {
    Process one, other;
    other.number = 1;
    Analysis analysis;
    analysis.add(packet_between(&one, &other, forensics::At::kUnknown));
    analysis.finish();
    for (const forensics::ProcessTraffic& traffic : analysis.processes()) {
        CHECK(traffic.either.packets == 1);
        CHECK(traffic.sent.packets + traffic.received.packets == 0);
    }
}

TEST_CASE("why there is no process is told apart, and a via of a later version counts as unknown") {
    Analysis analysis;
    for (const char* via : {"kernel", "forwarded", "forwarded", "unknown", "of tomorrow", ""}) {
        Packet packet = packet_between(nullptr, nullptr, forensics::At::kUnknown);
        packet.self.via = packet::via_of(via);
        packet.peer.via = packet::Via::kUnrecorded;
        analysis.add(packet);
    }
    analysis.finish();
    CHECK(analysis.unattributed().kernel.packets == 1);
    CHECK(analysis.unattributed().forwarded.packets == 2);
    CHECK(analysis.unattributed().unknown.packets == 2);
    CHECK(analysis.unattributed().silent.packets == 1);
    CHECK(analysis.processes().empty());
}

}  // namespace
