// SPDX-License-Identifier: GPL-2.0-only
//
// The translated filter in the kernel against libpcap's interpreter: no difference on any packet.
#include <algorithm>
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
    auto filter = LoadedFilter::load(program, target);
    INFO(expression << "\n" << packet::list_classic(program));
    if (!filter) {
        FAIL(filter.error().message);
    }
    size_t matches = 0;
    for (size_t at = 0; at < packets.size(); at++) {
        const auto& tag = tags[at % tags.size()];
        const Bytes whole = tag ? with_tag(packets[at], tag->protocol, tag->tci) : packets[at];
        const bool expected = libpcap_matches(program, whole);
        const auto got = filter->matches(packets[at], tag);
        if (!got) {
            tally.refused++;
        } else if (*got != expected) {
            tally.differences++;
            INFO((expected ? "libpcap takes it: " : "libpcap refuses it: ") << hexadecimal(whole));
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

TEST_CASE("the kernel decides as libpcap does on packets whose VLAN tag is held beside them") {
    const auto expressions = make_expressions(3, kExpressions, kEthernet);
    const auto packets = make_packets(4, kPackets / 8, make_ethernet_packet);
    std::vector<std::string> behind_tag;
    for (const std::string& expression : expressions) {
        const std::string tagged = "vlan and (" + expression + ")";
        behind_tag.push_back(is_decided(tagged, kEthernet) ? tagged : expression);
    }
    for (const VlanTag tag : {VlanTag{0x8100, 100}, VlanTag{0x88a8, 0x6003}}) {
        check_worth(compare_all(kEthernet, {}, behind_tag, packets, {tag}), kExpressions);
    }
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
