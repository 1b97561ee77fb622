// SPDX-License-Identifier: GPL-2.0-only
//
// The numbers of bpf/contract.h as the words and values that everything above uses.
#include "capture/packet_types.h"

#include <array>
#include <bit>
#include <catch2/catch.hpp>
#include <string_view>
#include <utility>

#include "tests/capture/processes/table_fixture.h"

using capture::ProcessEvent;
using packet::Direction;

TEST_CASE("each provenance of a record has its word, and one that is new is unknown") {
    constexpr std::array<std::pair<pidcap_via, std::string_view>, 12> kWords = {{
        {PIDCAP_VIA_UNKNOWN, "unknown"},
        {PIDCAP_VIA_KERNEL, "kernel"},
        {PIDCAP_VIA_FORWARDED, "forwarded"},
        {PIDCAP_VIA_SOCKET, "socket"},
        {PIDCAP_VIA_LOOKUP, "lookup"},
        {PIDCAP_VIA_ICMP_ECHO, "icmp-echo"},
        {PIDCAP_VIA_ICMP_ERROR, "icmp-error"},
        {PIDCAP_VIA_FRAGMENT, "fragment"},
        {PIDCAP_VIA_FLOW, "flow"},
        {PIDCAP_VIA_CONNTRACK, "conntrack"},
        {PIDCAP_VIA_TUNNEL, "tunnel"},
        {PIDCAP_VIA_EVENT, "event"},
    }};
    static_assert(kWords.size() == PIDCAP_VIA_EVENT + 1);
    for (const auto& [via, word] : kWords) {
        CHECK(packet::via_name(capture::via_of_record(static_cast<uint8_t>(via))) == word);
    }
    CHECK(capture::via_of_record(PIDCAP_VIA_EVENT + 1) == packet::Via::kUnknown);
    CHECK(capture::via_of_record(255) == packet::Via::kUnknown);
}

TEST_CASE("a record's direction and an event's type are what they say") {
    CHECK(capture::direction_of_record(PIDCAP_IN) == Direction::kInbound);
    CHECK(capture::direction_of_record(PIDCAP_OUT) == Direction::kOutbound);
    CHECK(capture::direction_of_record(0) == Direction::kUnknown);
    CHECK(capture::direction_of_record(PIDCAP_IN | PIDCAP_OUT) == Direction::kUnknown);
    CHECK(capture::type_of_event(PIDCAP_EVENT_FORK) == ProcessEvent::Type::kFork);
    CHECK(capture::type_of_event(PIDCAP_EVENT_EXEC) == ProcessEvent::Type::kExec);
    CHECK(capture::type_of_event(PIDCAP_EVENT_EXIT) == ProcessEvent::Type::kExit);
    CHECK(capture::type_of_event(PIDCAP_EVENT_RENAME) == ProcessEvent::Type::kChange);
    CHECK(capture::type_of_event(PIDCAP_EVENT_NETNS) == ProcessEvent::Type::kChange);
}

TEST_CASE("no mixture of two owners has the check of either") {
    using Words = std::array<uint64_t, sizeof(pidcap_owner) / sizeof(uint64_t)>;
    const pidcap_owner shell = test::make_owner(100, 500, "bash");
    const pidcap_owner renamed = test::make_owner(100, 500, "a-shell-no-more");
    pidcap_owner server = test::make_owner(2100, 700, "a-server", 33);
    server.tid++;
    server.cgroup_id = 4711;
    for (const auto& [one, other] : {std::pair(shell, server), std::pair(shell, renamed)}) {
        const auto a = std::bit_cast<Words>(one);
        const auto b = std::bit_cast<Words>(other);
        for (uint32_t from_other = 0; from_other < 1U << a.size(); from_other++) {
            Words mixed = a;
            for (size_t i = 0; i < a.size(); i++) {
                mixed[i] = (from_other >> i & 1) != 0 ? b[i] : a[i];
            }
            const auto owner = std::bit_cast<pidcap_owner>(mixed);
            CHECK((pidcap_owner_check(&owner) == pidcap_owner_check(&one)) == (mixed == a));
            CHECK((pidcap_owner_check(&owner) == pidcap_owner_check(&other)) == (mixed == b));
        }
    }
    const pidcap_owner nobody = {};
    CHECK(pidcap_owner_check(&nobody) == 0);
}
