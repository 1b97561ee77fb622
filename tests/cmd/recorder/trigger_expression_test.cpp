// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/trigger_expression.h"

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

using namespace cmd;

namespace {

// "process" for a process half, then the filter.
std::string halves(const std::string& text) {
    const auto conditions = parse_trigger_expression(text);
    if (!conditions) {
        return conditions.error().message;
    }
    const bool process = !conditions->process.is_always_true();
    return std::string(process ? "process" : "") +
           (process && !conditions->filter.empty() ? " + " : "") + conditions->filter;
}

}  // namespace

TEST_CASE("an expression of --trigger is split into processes and packets by syntax") {
    const std::string rst = "tcp[tcpflags] & tcp-rst != 0";
    CHECK(halves("comm = \"nginx\" and " + rst) == "process + " + rst);
    CHECK(halves(rst + " and comm = nginx") == "process + " + rst);
    CHECK(halves("comm = nginx") == "process");
    CHECK(halves("comm = a or comm = b and not uid = 0") == "process");
    CHECK(halves("tcp port 80 or udp port 53") == "tcp port 80 or udp port 53");
    CHECK(halves("uid = 0 && tcp && port 80") == "process + tcp && port 80");
    CHECK(halves("tcp and comm = x and port 80") == "process + (tcp) and (port 80)");
    CHECK(halves("(comm = a or comm = b) and (tcp port 80 or udp)") ==
          "process + (tcp port 80 or udp)");
    CHECK(halves("not comm = a and not tcp") == "process + not tcp");
    CHECK(halves("comm = \"a and b\" and udp") == "process + udp");
    CHECK(halves("comm in {a, b} and tcp[8:2] = 1 and (tcp[0] & 1 = 1 and port 3)") ==
          "process + tcp[8:2] = 1 and (tcp[0] & 1 = 1 and port 3)");
    // Qualifiers reach over an "and".
    CHECK(halves("comm = x and host 10.0.0.1 and 10.0.0.2") ==
          "process + host 10.0.0.1 and 10.0.0.2");
    CHECK(halves("kernel and icmp") == "process + icmp");
}

TEST_CASE("what is in neither language is refused, and so is what could mean two things") {
    CHECK(halves("").find("empty") != std::string::npos);
    CHECK(halves("comm = x and").find("a condition is missing") != std::string::npos);
    CHECK(halves("comm = x and tcp prot 80").find("\"tcp prot 80\" is neither") !=
          std::string::npos);
    CHECK(halves("comm = x and tcp or udp").find("parentheses") != std::string::npos);
    CHECK(halves("comm = x or comm = y and tcp").find("parentheses") != std::string::npos);
    CHECK(halves("comm = x or tcp").find("neither") != std::string::npos);
    CHECK(halves("(comm = x and tcp) or udp").find("neither") != std::string::npos);
    CHECK(halves("\x1b[31m").find('\x1b') == std::string::npos);
}

TEST_CASE("both halves must hold for a packet") {
    using packet::Packet;
    const auto conditions = parse_trigger_expression("unattributed and len > 100");
    REQUIRE(conditions);
    struct NoAncestry : packet::Ancestry {
        std::optional<Parent> parent_of(const packet::Process&) override { return {}; }
        void for_each(const std::function<void(const packet::Process&)>&) const override {}
        bool knows(uint32_t) const override { return true; }
        uint64_t generation() const override { return 0; }
    } ancestry;
    auto expression = TriggerExpression::make(
        *conditions, packet::ProcessFilter({conditions->process, false}, ancestry));
    REQUIRE(expression);
    const packet::Interface lo{.name = "lo"};
    const std::vector<uint8_t> data(200, 0);
    packet::Process process;
    Packet packet;
    packet.interface = &lo;
    packet.data = data;
    packet.wire_length = 200;
    packet.self.via = packet::Via::kUnknown;
    CHECK(expression->matches(packet));
    packet.wire_length = 50;
    packet.data = std::span(data).first(50);
    CHECK_FALSE(expression->matches(packet));
    packet.wire_length = 200;
    packet.data = data;
    packet.self.process = &process;
    CHECK_FALSE(expression->matches(packet));
}

TEST_CASE(
    "a filter that means nothing for any packet is an error, not a trigger that never comes") {
    struct NoAncestry : packet::Ancestry {
        std::optional<Parent> parent_of(const packet::Process&) override { return {}; }
        void for_each(const std::function<void(const packet::Process&)>&) const override {}
        bool knows(uint32_t) const override { return true; }
        uint64_t generation() const override { return 0; }
    } ancestry;
    TriggerConditions conditions;
    conditions.filter = "wlan type mgt";
    CHECK_FALSE(TriggerExpression::make(conditions, packet::ProcessFilter({}, ancestry)));
}
