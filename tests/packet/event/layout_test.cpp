// SPDX-License-Identifier: GPL-2.0-only
#include "packet/event/layout.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using packet::EventField;
using packet::EventLayout;
using packet::FieldKind;
using packet::layout_text;
using packet::parse_layout;

namespace {

EventLayout parsed(const std::string& fields) {
    const std::optional<EventLayout> layout = parse_layout("pidcap layout 1" + fields);
    REQUIRE(layout.has_value());
    // What a reader takes is what a writer would write, and the other way round.
    CHECK(parse_layout(layout_text(*layout)) == layout);
    return *layout;
}

std::vector<std::string> names(const EventLayout& layout) {
    std::vector<std::string> names;
    for (const EventField& field : layout.fields) {
        names.push_back(field.name);
    }
    return names;
}
using Names = std::vector<std::string>;

std::string repeated(size_t count, const std::string& before, const std::string& after) {
    std::string text;
    for (size_t i = 0; i < count; ++i) {
        text += fmt::format("{}{}{}", before, i, after);
    }
    return text;
}

}  // namespace

TEST_CASE("a layout has the text that the file format describes") {
    const EventLayout layout = packet::lay_out(
        {{.name = "errno", .size = 4, .values = {{111, "ECONNREFUSED"}, {110, "ETIMEDOUT"}}},
         {.name = "result",
          .kind = FieldKind::kSigned,
          .size = 2,
          .values = {{~uint64_t{0}, "FAILED"}}},
         {.name = "sk", .kind = FieldKind::kPointer, .size = 8},
         {.name = "from", .kind = FieldKind::kIp4, .size = 4},
         {.name = "from6", .kind = FieldKind::kIp6, .size = 16},
         {.name = "to", .kind = FieldKind::kSocketAddress, .size = 28},
         {.name = "comm", .kind = FieldKind::kChars, .size = 15},
         {.name = "path", .kind = FieldKind::kString, .size = 4},
         {.name = "cookie", .kind = FieldKind::kBytes, .size = 3},
         {.name = "packet", .kind = FieldKind::kDynamic, .size = 4}});
    CHECK(
        layout_text(layout) ==
        "pidcap layout 1; errno u 0 4 [111=ECONNREFUSED,110=ETIMEDOUT]; result s 4 2 [-1=FAILED]; "
        "sk ptr 8 8; from ip4 16 4; from6 ip6 20 16; to sock 36 28; comm chars 64 15; "
        "path str 80 4; cookie bytes 84 3; packet dyn 88 4");
    CHECK(parse_layout(layout_text(layout)) == layout);
    CHECK(packet::fixed_size(layout) == 92);
    CHECK(packet::value_name(layout.fields[0], 110) == "ETIMEDOUT");
    CHECK(packet::value_name(layout.fields[0], 112).empty());
}

TEST_CASE("an event may have no fields") {
    CHECK(layout_text({}) == "pidcap layout 1");
    CHECK(parsed("").fields.empty());
    CHECK(parsed(";").fields.empty());
    CHECK(packet::fixed_size({}) == 0);
}

TEST_CASE("other descriptions are no layouts") {
    for (const std::string text :
         {"", "eth0", "pidcap layout", "pidcap layout 2; a u 0 4", "pidcap layout 10; a u 0 4",
          "pidcap layout 1 a u 0 4", "PIDCAP layout 1; a u 0 4", "a u 0 4; pidcap layout 1"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_layout(text).has_value());
    }
    // Longer than any that is written.
    CHECK_FALSE(parse_layout("pidcap layout 1" + std::string(packet::kMaxLayoutText, ';')));
}

TEST_CASE("of a layout with a field that isn't valid the others hold") {
    for (const std::string field :
         {"", "b", "b u", "b u 4", "b what 4 4", "b u 4 4x", "b u x 4", "b u -4 4", "b u +4 4",
          "b u 0x4 4", "b  u 4 4", "b u 4294967296 4", "b u 4 18446744073709551620",
          // Names that aren't identifiers.
          "1b u 4 4", "b-c u 4 4", "b.c u 4 4", "\"b u 4 4", "b\x01 u 4 4", "\xc3\xbc u 4 4",
          "= u 4 4", "[b u 4 4",
          // Sizes that their kinds can't have.
          "b u 4 0", "b u 4 3", "b u 4 16", "b s 4 5", "b ptr 4 6", "b ip4 4 16", "b ip6 4 4",
          "b sock 4 0", "b sock 4 15", "b sock 4 129", "b str 4 2", "b dyn 4 8", "b chars 4 0",
          "b bytes 4 0",
          // Beyond what a record can be.
          "b u 65535 1", "b u 65532 4", "b chars 1 65535", "b bytes 0 65536",
          "b bytes 4294967295 2", "b chars 2 4294967295",
          // The name of an earlier field.
          "a u 4 4"}) {
        CAPTURE(field);
        const EventLayout layout = parsed("; a u 0 4; " + field + "; c s 8 8");
        CHECK(names(layout) == Names{"a", "c"});
        CHECK(layout.fields[1].offset == 8);
    }
    CHECK(names(parsed("; " + std::string(packet::kMaxFieldName, 'a') + " u 0 4; " +
                       std::string(packet::kMaxFieldName + 1, 'b') + " u 0 4")) ==
          Names{std::string(packet::kMaxFieldName, 'a')});
    // The last of a record.
    CHECK(names(parsed("; a bytes 0 65535; b u 65534 1")) == Names{"a", "b"});
}

TEST_CASE("fields may overlap") {
    const EventLayout layout = parsed("; a u 0 8; b u 0 4; c chars 2 16");
    CHECK(names(layout) == Names{"a", "b", "c"});
    CHECK(packet::fixed_size(layout) == 18);
}

TEST_CASE("of a field with a name of a number that isn't valid the others hold") {
    using Values = std::vector<std::pair<uint64_t, std::string>>;
    const auto values = [](const std::string& list, const std::string& kind = "u") {
        const EventLayout layout = parsed("; a " + kind + " 0 4 " + list + "; b u 4 4");
        REQUIRE(names(layout) == Names{"a", "b"});
        return layout.fields[0].values;
    };
    CHECK(values("[1=ONE,2=TWO|THREE]") == Values{{1, "ONE"}, {2, "TWO|THREE"}});
    CHECK(values("[1=ONE, 2=TWO]") == Values{{1, "ONE"}, {2, "TWO"}});
    CHECK(values("[,,1=ONE,]") == Values{{1, "ONE"}});
    for (const std::string bad :
         {"1", "=", "1=", "=ONE", "x=ONE", "1=O NE", "1=O=NE", "1=O[NE", "1=O\x1bNE", "1=\xc3\xbc",
          "-1=ONE", "18446744073709551616=ONE", "0x1=ONE", "1==ONE"}) {
        CAPTURE(bad);
        CHECK(values("[" + bad + ",2=TWO]") == Values{{2, "TWO"}});
    }
    for (const std::string no_list : {"", "[", "]", "[]", "[1=ONE", "1=ONE]", "1=ONE", "(1=ONE)"}) {
        CAPTURE(no_list);
        CHECK(values(no_list).empty());
    }
    CHECK(values("[-1=MINUS,1=PLUS]", "s") == Values{{~uint64_t{0}, "MINUS"}, {1, "PLUS"}});
    CHECK(values("[1=ONE]", "str").empty());
    const std::string longest(packet::kMaxValueName, 'x');
    CHECK(values("[1=" + longest + ",2=" + longest + "x]") == Values{{1, longest}});
}

TEST_CASE("thousands of fields and names cost no more than some hundreds") {
    const EventLayout fields = parsed(repeated(4000, "; f", " u 0 4"));
    CHECK(fields.fields.size() == packet::kMaxEventFields);
    const EventLayout values = parsed("; a u 0 4 [" + repeated(5000, "", "=N,") + "]; b u 4 4");
    REQUIRE(names(values) == Names{"a", "b"});
    CHECK(values.fields[0].values.size() == packet::kMaxFieldValues);
}

TEST_CASE("what can't be in a layout's text is left out of it") {
    EventLayout layout;
    layout.fields.push_back({.name = "a b", .size = 4});
    layout.fields.push_back(
        {.name = "good", .offset = 4, .size = 4, .values = {{1, "a b"}, {2, "B"}}});
    layout.fields.push_back({.name = "odd", .size = 3});
    layout.fields.push_back({.name = "good", .size = 8});
    layout.fields.push_back({.name = "text",
                             .kind = FieldKind::kChars,
                             .offset = 8,
                             .size = 9,
                             .values = {{1, "ONE"}}});
    CHECK(layout_text(layout) == "pidcap layout 1; good u 4 4 [2=B]; text chars 8 9");
}

TEST_CASE("a layout's text fits an option of pcapng") {
    EventLayout layout;
    for (size_t i = 0; i < 200; ++i) {
        EventField field{.name = fmt::format("{:a>60}", i), .size = 4};
        for (size_t value = 0; value < 2000; ++value) {
            field.values.emplace_back(value, fmt::format("{:A>60}", value));
        }
        layout.fields.push_back(field);
    }
    CHECK(layout_text(layout).size() <= packet::kMaxLayoutText);
    const auto read = parse_layout(layout_text(layout));
    REQUIRE(read.has_value());
    CHECK(read->fields.size() == packet::kMaxEventFields);

    layout.fields.resize(2);
    layout.fields[1].values.resize(600);
    const auto shorter = parse_layout(layout_text(layout));
    REQUIRE(shorter.has_value());
    // The first field's names would be too long together, those of the second are not.
    CHECK(shorter->fields[0].values.empty());
    CHECK(shorter->fields[1].values.size() == 600);
}

TEST_CASE("what remains of damaged layouts is a layout that comes through unchanged") {
    const std::string whole =
        "pidcap layout 1; errno u 0 4 [111=ECONNREFUSED,-1=ETIMEDOUT]; to sock 4 28; path str 32 4";
    std::mt19937 random(1);
    for (int round = 0; round < 20'000; ++round) {
        std::string text = whole;
        for (int change = 0; change < 1 + round % 4; ++change) {
            const size_t at = random() % text.size();
            switch (random() % 3) {
                case 0:
                    text[at] = static_cast<char>(random());
                    break;
                case 1:
                    text.erase(at, random() % 5);
                    break;
                default:
                    text.insert(at, text.substr(random() % text.size(), random() % 9));
            }
            if (text.empty()) {
                text = whole;
            }
        }
        if (const auto layout = parse_layout(text)) {
            if (parse_layout(layout_text(*layout)) != layout) {
                FAIL(text);
            }
        }
    }
}
