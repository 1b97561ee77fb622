// SPDX-License-Identifier: GPL-2.0-only
#include "packet/via.h"

#include <catch2/catch.hpp>
#include <set>
#include <string_view>

using packet::Via;
using packet::via_name;
using packet::via_of;

namespace {

constexpr auto kLast = static_cast<uint8_t>(Via::kOther);

}  // namespace

TEST_CASE("each provenance has a word of its own that leads back to it") {
    std::set<std::string_view> words;
    for (uint8_t number = 0; number <= kLast; ++number) {
        const auto via = static_cast<Via>(number);
        CAPTURE(static_cast<int>(number), via_name(via));
        CHECK(via_of(via_name(via)) == via);
        CHECK(words.insert(via_name(via)).second);
        CHECK(via_name(via).empty() == (via == Via::kUnrecorded));
    }
}

TEST_CASE("a word that has no value here is another, and none is not recorded") {
    for (const std::string_view word :
         {"hm", "Socket", "sockets", "socke", "socket ", "icmp", "-"}) {
        CAPTURE(word);
        CHECK(via_of(word) == Via::kOther);
    }
    CHECK(via_of("") == Via::kUnrecorded);
}

TEST_CASE("a process is found directly at a socket or a processor only") {
    const std::set<Via> direct = {Via::kSocket, Via::kLookup, Via::kCurrent};
    for (uint8_t number = 0; number <= kLast; ++number) {
        const auto via = static_cast<Via>(number);
        CAPTURE(via_name(via));
        CHECK(packet::is_direct(via) == direct.contains(via));
    }
}
