// SPDX-License-Identifier: GPL-2.0-only
#include "packet/event/event_condition.h"

#include <catch2/catch.hpp>
#include <string>

#include "packet/event/record.h"

namespace {

using namespace packet;

EventLayout layout() {
    return lay_out({{.name = "pid", .kind = FieldKind::kSigned, .size = 4},
                    {.name = "flags", .kind = FieldKind::kUnsigned, .size = 8},
                    {.name = "state",
                     .kind = FieldKind::kUnsigned,
                     .size = 1,
                     .values = {{1, "ESTABLISHED"}, {7, "CLOSE"}}},
                    {.name = "comm", .kind = FieldKind::kChars, .size = 16},
                    {.name = "path", .kind = FieldKind::kString, .size = 4},
                    {.name = "from", .kind = FieldKind::kIp4, .size = 4}});
}

std::vector<uint8_t> record() {
    EventRecord made(std::make_shared<const EventLayout>(layout()));
    made.set_number("pid", static_cast<uint64_t>(int64_t{-3}));
    made.set_number("flags", 0x8000000000000001);
    made.set_number("state", 7);
    made.set_text("comm", "kworker/0:1");
    made.set_text("path", "/usr/bin/true");
    made.set_address("from", {Address{{10, 0, 0, 7}, 4}});
    const auto bytes = made.bytes();
    return {bytes.begin(), bytes.end()};
}

bool holds(const std::string& text) {
    const auto condition = EventCondition::parse(text, layout());
    INFO(text);
    REQUIRE(condition.ok());
    return condition->holds(record());
}

}  // namespace

TEST_CASE("comparisons of numbers have the field's sign") {
    CHECK(holds("pid = -3"));
    CHECK(holds("pid < 0"));
    CHECK(holds("pid<=-3 && pid>=-3"));
    CHECK_FALSE(holds("pid > 5"));
    CHECK(holds("flags > 0x7fffffffffffffff"));
    CHECK(holds("flags & 1"));
    CHECK_FALSE(holds("flags & 6"));
    CHECK(holds("pid != 3"));
}

TEST_CASE("numbers have names, texts and addresses globs") {
    CHECK(holds("state = CLOSE"));
    CHECK(holds("state == 7"));
    CHECK_FALSE(holds("state = ESTABLISHED"));
    CHECK(holds("comm = kworker*"));
    CHECK(holds("path = \"/usr/*/true\""));
    CHECK(holds("path != \"\""));
    CHECK(holds("from = 10.0.0.*"));
    CHECK(holds("from != 10.0.1.*"));
}

TEST_CASE("and binds more than or, and not more than both") {
    CHECK(holds("pid = 1 and pid = 1 or state = 7"));
    CHECK_FALSE(holds("pid = 1 and (pid = 1 or state = 7)"));
    CHECK(holds("not pid = 1 and state = 7"));
    CHECK(holds("!(pid = 1 || state = 1)"));
    CHECK(holds("not not state = 7"));
}

TEST_CASE("a field that the record lacks makes a comparison false, and its negation") {
    const std::vector<uint8_t> cut(4);
    const auto on_cut = [&cut](const std::string& text) {
        return EventCondition::parse(text, layout())->holds(cut);
    };
    CHECK(on_cut("pid = 0"));
    CHECK_FALSE(on_cut("flags = 0"));
    CHECK_FALSE(on_cut("not flags = 0"));
    CHECK_FALSE(on_cut("flags = 0 and pid = 0"));
    CHECK(on_cut("flags = 0 or pid = 0"));
    CHECK_FALSE(on_cut("comm = \"\""));
    CHECK_FALSE(EventCondition::parse("pid = 0", layout())->holds({}));
}

TEST_CASE("what is no condition is refused") {
    for (const char* text :
         {"", "pid", "pid =", "= 1", "pid = x", "pid = 1 1", "pid = 1 and", "(pid = 1", "pid = 1)",
          "comm < a", "comm & 1", "comm = \"a", "nothing = 1", "pid = 99999999999999999999", "not",
          "pid ~ 1", "pid = --1", "andpid = 1"}) {
        INFO(text);
        CHECK_FALSE(EventCondition::parse(text, layout()).ok());
    }
    CHECK_FALSE(EventCondition::parse(std::string(1'000'000, '('), layout()).ok());
    CHECK_FALSE(EventCondition::parse(std::string(1'000'000, '!') + "pid = 1", layout()).ok());
    CHECK(EventCondition::parse("nothing = 1", layout()).error().code ==
          EventCondition::kNoSuchField);
}
