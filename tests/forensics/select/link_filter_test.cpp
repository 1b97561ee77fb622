// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/select/link_filter.h"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/packet/line/packet_bytes.h"

using Catch::Contains;
using forensics::LinkFilter;
using test::operator+;

namespace {

bool matches(const char* expression, uint16_t link_type, const test::Bytes& data) {
    auto filter = LinkFilter::make(expression);
    REQUIRE(filter);
    const auto* bytes = reinterpret_cast<const uint8_t*>(data.data());
    const bool result =
        filter->matches(link_type, {bytes, data.size()}, static_cast<uint32_t>(data.size()));
    REQUIRE(filter->problems().empty());
    return result;
}

}  // namespace

TEST_CASE("an expression is compiled for the packets' link type") {
    const test::Bytes ip = test::ipv4(6, test::tcp(2, 1, 0, 0));
    CHECK(matches("tcp port 40001", 1, test::ethernet(0x800, ip)));
    CHECK(matches("tcp port 40001", 101, ip));
    CHECK(matches("tcp port 40001", 113, test::Bytes(14) + test::be16(0x800) + ip));
    CHECK_FALSE(matches("udp", 1, test::ethernet(0x800, ip)));
    CHECK_FALSE(matches("udp", 101, ip));
    CHECK_FALSE(matches("tcp", 101, {}));
}

TEST_CASE("a mistake is told with its place, before any packet") {
    const auto filter = LinkFilter::make("tcp prot 80");
    REQUIRE_FALSE(filter);
    CHECK_THAT(filter.error().message, Contains("at \"prot 80\""));
}

TEST_CASE("an expression that makes no sense for a link type doesn't match there, and names it") {
    auto filter = LinkFilter::make("ether host 02:00:00:00:00:01");
    REQUIRE(filter);
    const std::vector<uint8_t> data = {0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 8, 0};
    CHECK(filter->matches(1, data, 14));
    CHECK(filter->problems().empty());
    CHECK_FALSE(filter->matches(101, data, 14));
    CHECK_FALSE(filter->matches(101, data, 14));
    CHECK(filter->matches(1, data, 14));
    REQUIRE(filter->problems().size() == 1);
    CHECK_THAT(filter->problems()[0], Contains("RAW (101)") && Contains("ether host") &&
                                          Contains("none of these 2 packets matches"));
}
