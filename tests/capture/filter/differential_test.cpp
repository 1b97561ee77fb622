// SPDX-License-Identifier: GPL-2.0-only
//
// The translated filter in the kernel against libpcap's interpreter: no difference on any packet,
// which is judged without its outer VLAN tag, as by tcpdump.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "capture/filter/filter_translation.h"
#include "packet/filter/packet_filter.h"
#include "tests/capture/filter/expressions.h"
#include "tests/capture/filter/loaded_filter.h"
#include "tests/capture/filter/oracle.h"

namespace test {
namespace {

using capture::FilterContext;
using capture::FilterTarget;
using packet::compile_filter;

// pcap/dlt.h, whose header can't be included beside the kernel's bpf.h.
constexpr int kEthernet = 1;
constexpr int kRaw = 12;
constexpr int kSll2 = 276;

constexpr size_t kExpressions = 320;
constexpr size_t kPackets = 2000;
constexpr uint32_t kNetmask = 0x00ffffff;

struct Tally {
    size_t runs = 0;
    size_t matches = 0;
    size_t decisive = 0;  // expressions that took some packets and refused others
    size_t differences = 0;
    size_t refused = 0;  // by the kernel, as packets
};

// Whether libpcap's interpreter can judge the expression.
bool is_decided(const std::string& expression, int dlt) {
    for (const bool optimize : {true, false}) {
        const auto program = compile_filter(expression, dlt, kNetmask, optimize);
        if (!program || reads_unset_memory(*program)) {
            return false;
        }
    }
    return true;
}

// What `inbound` reads isn't in the packet: libpcap's interpreter takes it for beyond the end.
bool asks_for_direction(const std::string& expression) {
    return expression.find("bound") != std::string::npos;
}

std::vector<std::string> make_expressions(uint32_t seed, size_t wanted, int dlt) {
    Random random(seed);
    std::vector<std::string> expressions;
    for (const char* primitive : primitives()) {
        if (expressions.size() < wanted && is_decided(primitive, dlt)) {
            expressions.emplace_back(primitive);
        }
    }
    while (expressions.size() < wanted) {
        std::string expression = make_expression(random);
        // Some make no sense together, "tcp and udp" in a way that libpcap sees; some divide by 0.
        if (is_decided(expression, dlt)) {
            expressions.push_back(std::move(expression));
        }
    }
    return expressions;
}

void compare(const std::string& expression, const packet::ClassicProgram& program,
             const FilterTarget& target, const std::vector<Bytes>& packets,
             const std::vector<std::optional<VlanTag>>& tags, Tally& tally) {
    const bool xdp = target.context != FilterContext::kTc;
    auto filter = LoadedFilter::load(program, target);
    INFO(expression << "\n" << packet::list_classic(program));
    if (!filter) {
        FAIL(filter.error().message);
    }
    size_t matches = 0;
    for (size_t at = 0; at < packets.size(); at++) {
        const auto& tag = tags[at % tags.size()];
        const Bytes judged = xdp ? without_tag(packets[at]) : packets[at];
        const bool expected = libpcap_matches(program, judged);
        const auto got = filter->matches(packets[at], tag);
        if (!got) {
            tally.refused++;
        } else if (*got != expected) {
            tally.differences++;
            INFO((expected ? "libpcap takes it: " : "libpcap refuses it: ") << hexadecimal(judged));
            CHECK(*got == expected);
        }
        matches += expected ? 1 : 0;
    }
    tally.runs += packets.size();
    tally.matches += matches;
    tally.decisive += matches > 0 && matches < packets.size() ? 1 : 0;
}

Tally compare_all(int dlt, FilterTarget target, const std::vector<std::string>& expressions,
                  const std::vector<Bytes>& packets,
                  const std::vector<std::optional<VlanTag>>& tags = {std::nullopt}) {
    Tally tally;
    size_t turn = 0;
    for (const std::string& expression : expressions) {
        if (asks_for_direction(expression)) {
            continue;
        }
        for (const bool optimize : {true, false}) {
            const auto program = compile_filter(expression, dlt, kNetmask, optimize);
            INFO(expression);
            REQUIRE(program);
            target.direct = turn % 4 == 0 || turn % 4 == 3;  // each way with and without
            turn++;
            compare(expression, *program, target, packets, tags, tally);
            if (tally.differences > 10) {
                FAIL("too many differences to go on");
            }
        }
    }
    WARN(tally.runs << " runs, " << tally.matches << " matches, " << tally.decisive << " of "
                    << 2 * expressions.size() << " programs decisive, " << tally.refused
                    << " refused, " << tally.differences << " differences");
    return tally;
}

// So that a generator which makes nothing that matches can't hide a difference.
void check_worth(const Tally& tally, size_t expressions) {
    CHECK(tally.differences == 0);
    CHECK(tally.matches > tally.runs / 20);
    CHECK(tally.matches < tally.runs * 19 / 20);
    CHECK(tally.decisive > expressions);
    CHECK(tally.refused < tally.runs / 10);
}

TEST_CASE("the kernel decides as libpcap does on Ethernet packets") {
    const auto expressions = make_expressions(1, kExpressions, kEthernet);
    const auto packets = make_packets(2, kPackets, make_ethernet_packet);
    check_worth(compare_all(kEthernet, {}, expressions, packets), kExpressions);
}

TEST_CASE("a VLAN tag beside a packet changes nothing for a filter that doesn't ask for it") {
    const auto expressions = make_expressions(3, kExpressions / 2, kEthernet);
    const auto packets = make_packets(4, kPackets / 8, make_ethernet_packet);
    const std::vector<std::optional<VlanTag>> tags = {VlanTag{0x8100, 100},
                                                      VlanTag{0x88a8, 0x6003}};
    check_worth(compare_all(kEthernet, {}, expressions, packets, tags), kExpressions / 2);
}

// What tcpdump's filters mean for a packet whose tag the kernel has taken off.
struct TaggedCase {
    std::string expression;  // as a user types it
    std::string behind;      // what it asks of the packet without its tag
    std::optional<uint16_t> number;
};

std::vector<TaggedCase> make_tagged_cases(uint32_t seed, size_t wanted) {
    std::vector<TaggedCase> cases;
    for (const std::string& expression : make_expressions(seed, wanted, kEthernet)) {
        const bool asks = expression.find("vlan") != std::string::npos;
        if (asks_for_direction(expression) || expression.find("geneve") != std::string::npos) {
            continue;
        }
        if (!asks) {
            cases.push_back({expression, expression, std::nullopt});
            cases.push_back({"(" + expression + ") and vlan", expression, std::nullopt});
        }
        cases.push_back({"vlan and (" + expression + ")", expression, std::nullopt});
        cases.push_back({"vlan 100 and (" + expression + ")", expression, uint16_t{100}});
        cases.push_back({"vlan (0x3) and (" + expression + ")", expression, uint16_t{3}});
    }
    return cases;
}

TEST_CASE("words before vlan and behind it ask for what is behind the tag, wherever that is") {
    const auto packets = make_packets(12, 60, make_ethernet_packet);
    const std::array<VlanTag, 2> tags = {VlanTag{0x8100, 100}, VlanTag{0x88a8, 0x6003}};
    size_t matches = 0;
    size_t runs = 0;
    for (const TaggedCase& one : make_tagged_cases(13, 200)) {
        const auto filter =
            packet::PacketFilter::compile(one.expression, packet::LinkType::kEthernet, kNetmask);
        const auto judge = compile_filter(one.behind, kEthernet, kNetmask);
        if (!filter || !judge) {
            continue;  // no packet could match
        }
        INFO(one.expression);
        const auto& tagged = filter->tagged_program();
        for (const FilterContext context :
             {FilterContext::kTc, FilterContext::kXdp, FilterContext::kXdpLinear}) {
            FilterTarget target;
            target.context = context;
            target.direct = runs % 2 == 0;
            auto loaded = LoadedFilter::load(*filter->program(packet::LinkType::kEthernet), target,
                                             tagged ? &*tagged : nullptr);
            REQUIRE(loaded);
            for (size_t at = 0; at < packets.size(); at++) {
                const VlanTag& tag = tags[at % tags.size()];
                const bool expected = libpcap_matches(*judge, packets[at]) &&
                                      (!one.number || *one.number == (tag.tci & 0xfff));
                const auto got =
                    context == FilterContext::kTc
                        ? loaded->matches(packets[at], tag)
                        : loaded->matches(with_tag(packets[at], tag.protocol, tag.tci));
                if (got && *got != expected) {
                    INFO("context " << static_cast<int>(context) << ": "
                                    << hexadecimal(packets[at]));
                    CHECK(*got == expected);
                }
                matches += expected ? 1 : 0;
                runs++;
            }
        }
    }
    CHECK(matches > runs / 30);
    CHECK(matches < runs / 2);
}

TEST_CASE("the kernel decides as libpcap does on packets without a link layer") {
    const auto expressions = make_expressions(5, kExpressions, kRaw);
    const auto packets = make_packets(6, kPackets / 8, make_ip_packet);
    FilterTarget target;
    target.ethernet = false;
    check_worth(compare_all(kRaw, target, expressions, packets), kExpressions);
}

TEST_CASE("the kernel decides as libpcap does on cooked packets") {
    const auto expressions = make_expressions(7, kExpressions, kSll2);
    const auto packets = make_packets(8, kPackets / 8, make_sll2_packet);
    FilterTarget target;
    target.ethernet = false;
    check_worth(compare_all(kSll2, target, expressions, packets), kExpressions);
}

TEST_CASE("the kernel decides as libpcap does at XDP, with helpers to read packets and without") {
    const auto expressions = make_expressions(9, kExpressions, kEthernet);
    const auto packets = make_packets(10, kPackets / 8, make_ethernet_packet);
    for (const FilterContext context : {FilterContext::kXdp, FilterContext::kXdpLinear}) {
        FilterTarget target;
        target.context = context;
        check_worth(compare_all(kEthernet, target, expressions, packets), kExpressions);
    }
}

TEST_CASE("a packet's direction is that of the hook") {
    const auto packets = make_packets(11, 50, make_ethernet_packet);
    const auto program = compile_filter("outbound", kEthernet, kNetmask);
    const auto opposite = compile_filter("inbound and ether[0] >= 0", kEthernet, kNetmask);
    REQUIRE(program);
    REQUIRE(opposite);
    for (const FilterContext context :
         {FilterContext::kTc, FilterContext::kXdp, FilterContext::kXdpLinear}) {
        for (const bool outgoing : {false, true}) {
            FilterTarget target;
            target.context = context;
            target.outgoing = outgoing;
            auto out = LoadedFilter::load(*program, target);
            auto in = LoadedFilter::load(*opposite, target);
            REQUIRE(out);
            REQUIRE(in);
            for (const Bytes& packet : packets) {
                CHECK(out->matches(packet).value_or(outgoing) == outgoing);
                CHECK(in->matches(packet).value_or(!outgoing) != outgoing);
            }
        }
    }
}

TEST_CASE("a header chain is followed to the limit of a loop, and not beyond") {
    const auto program = compile_filter("ip6 protochain 6", kEthernet, kNetmask);
    REQUIRE(program);
    auto filter = LoadedFilter::load(*program, {});
    REQUIRE(filter);
    const auto chain = [](size_t length) {
        Bytes packet(14 + 40);
        packet[12] = 0x86;
        packet[13] = 0xdd;
        packet[14] = 0x60;
        packet[20] = length > 0 ? 60 : 6;
        for (size_t at = 0; at < length; at++) {
            Bytes options(8);
            options[0] = at + 1 < length ? 60 : 6;
            packet.insert(packet.end(), options.begin(), options.end());
        }
        packet.resize(packet.size() + 20);
        return packet;
    };
    for (size_t length = 0; length <= capture::kFilterLoopLimit; length++) {
        INFO(length);
        CHECK(libpcap_matches(*program, chain(length)));
        CHECK(filter->matches(chain(length)) == std::optional(true));
    }
    CHECK(filter->matches(chain(capture::kFilterLoopLimit + 1)) == std::optional(false));
}

}  // namespace
}  // namespace test
