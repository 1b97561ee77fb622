// SPDX-License-Identifier: GPL-2.0-only
//
// EventCondition: a condition on the fields of an event's record, as in
//     prev_pid = 1234 and not (next_comm = "kworker*" or prev_state & 3)
// Comparisons are = != < <= > >= (== is =), and & for "has one of these bits"; they are joined by
// and, or, not (&& || !) and parentheses. Numbers are decimal or hexadecimal, or names that the
// layout has for them. Texts and addresses are compared with globs, by = and != only. A field that
// a record lacks makes a comparison false, and so its negation. Immutable; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "packet/event/layout.h"
#include "pcapng/result.h"

namespace packet {

class EventCondition {
  public:
    // The code of an error about a field that the layout lacks.
    static constexpr int kNoSuchField = 2;  // ENOENT

    // An error says what of the text is wrong.
    static pcapng::Result<EventCondition> parse(std::string_view text, const EventLayout& layout);

    bool holds(std::span<const uint8_t> record) const;

  private:
    friend class EventConditionParser;

    enum class Operator : uint8_t { kEqual, kLess, kGreater, kBits };
    struct Test {
        EventLayout field;  // which has this one only
        Operator comparison = Operator::kEqual;
        uint64_t number = 0;  // of a signed field: its two's complement
        std::string glob;     // of a text
    };
    // In reverse Polish notation.
    enum class Step : uint8_t { kTest, kNot, kAnd, kOr };
    struct Part {
        Step step = Step::kTest;
        size_t test = 0;
    };

    static std::optional<bool> result(const Test& test, std::span<const uint8_t> record);

    std::vector<Test> tests_;
    std::vector<Part> parts_;
};

}  // namespace packet
