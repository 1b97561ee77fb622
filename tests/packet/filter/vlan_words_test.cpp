// SPDX-License-Identifier: GPL-2.0-only
#include "packet/filter/vlan_words.h"

#include <catch2/catch.hpp>
#include <optional>
#include <string>

namespace {

using packet::words_beside_tag;

const std::string kAny = "(ether[4294963248] = 1)";

std::string number(const std::string& digits) {
    return "(ether[4294963244:2] & 0xfff = " + digits + ")";
}

}  // namespace

TEST_CASE("the first vlan asks for the tag beside the packet, and no other word") {
    CHECK(words_beside_tag("vlan") == kAny);
    CHECK(words_beside_tag("vlan 5 and udp port 9") == number("5") + " and udp port 9");
    CHECK(words_beside_tag("not vlan(0x5)&&ip") == "not " + number("0x5") + "&&ip");
    CHECK(words_beside_tag("udp and vlan and vlan 6") == "udp and " + kAny + " and vlan 6");
    CHECK(words_beside_tag("(vlan)\nor (vlan ( 7 ))") == "(" + kAny + ")\nor (vlan ( 7 ))");
    CHECK(words_beside_tag("vlan and (ip)") == kAny + " and (ip)");
}

TEST_CASE("an expression without the word, or with a name like it, asks for no tag") {
    for (const char* expression :
         {"", "udp port 9", "host my-vlan", "host vlan.example", "host \\vlan",
          "ether[12:2] = 0x8100", "geneve and vlan 5", "host vlan-5"}) {
        INFO(expression);
        CHECK(words_beside_tag(expression) == std::nullopt);
    }
}
