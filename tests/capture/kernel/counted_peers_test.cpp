// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/counted_peers.h"

#include <catch2/catch.hpp>
#include <vector>

namespace test {
namespace {

using capture::CountedEnd;

struct Who {
    uint32_t tgid;
    uint32_t netns;
};

// A counter of one end of a TCP connection between port 1000 of address 1 and port 80 of address 2.
CountedEnd counted(Who owner, bool is_client, Who peer = {0, 0}) {
    CountedEnd end{};
    end.key.start_boot = 100 + owner.tgid;
    end.key.tgid = owner.tgid;
    end.key.netns = owner.netns;
    end.key.family = 2;
    end.key.protocol = 6;
    end.key.local[0] = is_client ? 1 : 2;
    end.key.remote[0] = is_client ? 2 : 1;
    end.key.local_port = is_client ? 1000 : 80;
    end.key.remote_port = is_client ? 80 : 1000;
    if (peer.tgid != 0) {
        end.count.peer = {100 + peer.tgid, peer.tgid, 0};
        end.count.peer_netns = peer.netns;
    }
    return end;
}

uint32_t peer_of(const std::vector<CountedEnd>& ends, size_t index) {
    return ends[index].count.peer.tgid;
}

constexpr Who kClient{11, 1};
constexpr Who kServer{22, 2};

TEST_CASE("the sender that a receiver's counter knows has the receiver for its peer") {
    std::vector<CountedEnd> ends = {counted(kClient, true), counted(kServer, false, kClient)};
    pair_ends(ends);
    CHECK(peer_of(ends, 0) == 22);
    CHECK(ends[0].count.peer.start_boot == 122);
    CHECK(ends[0].count.peer_netns == 2);
    CHECK(peer_of(ends, 1) == 11);
}

TEST_CASE("the same addresses and ports without a packet that both ends have seen are no pair") {
    std::vector<CountedEnd> ends = {counted(kClient, true), counted(kServer, false)};
    pair_ends(ends);
    CHECK(peer_of(ends, 0) == 0);
    CHECK(peer_of(ends, 1) == 0);
}

TEST_CASE("of two pairs with the same addresses and ports each has its own") {
    const Who other_client{33, 3};
    const Who other_server{44, 4};
    std::vector<CountedEnd> ends = {counted(kClient, true), counted(other_client, true),
                                    counted(kServer, false, kClient),
                                    counted(other_server, false, other_client)};
    SECTION("both are known") {
        pair_ends(ends);
        CHECK(peer_of(ends, 1) == 44);
    }
    SECTION("one is known") {
        ends[3] = counted(other_server, false);
        pair_ends(ends);
        CHECK(peer_of(ends, 1) == 0);
        CHECK(peer_of(ends, 3) == 0);
    }
    CHECK(peer_of(ends, 0) == 22);
    CHECK(peer_of(ends, 2) == 11);
}

TEST_CASE("another process, a later one with its number, and another namespace are no peer") {
    std::vector<CountedEnd> ends = {counted(kClient, true), counted(kServer, false, kClient)};
    SECTION("another process") {
        ends[0].key.tgid = 12;
    }
    SECTION("a later one with its number") {
        ends[0].key.start_boot++;
    }
    SECTION("another namespace") {
        ends[0].key.netns = 9;
    }
    SECTION("another port, as behind translation") {
        ends[0].key.local_port = 1001;
    }
    SECTION("another protocol") {
        ends[0].key.protocol = 17;
    }
    pair_ends(ends);
    CHECK(peer_of(ends, 0) == 0);
}

TEST_CASE("a counter keeps the peer that it has") {
    std::vector<CountedEnd> ends = {counted(kClient, true, {99, 2}),
                                    counted(kServer, false, kClient)};
    pair_ends(ends);
    CHECK(peer_of(ends, 0) == 99);
}

TEST_CASE("packets of no process have no peer") {
    std::vector<CountedEnd> ends = {counted({0, 1}, true), counted(kServer, false)};
    pair_ends(ends);
    CHECK(peer_of(ends, 0) == 0);
    CHECK(peer_of(ends, 1) == 0);
}

}  // namespace
}  // namespace test
