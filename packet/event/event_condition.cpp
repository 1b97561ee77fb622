// SPDX-License-Identifier: GPL-2.0-only
#include "packet/event/event_condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>
#include <variant>

#include "packet/event/record.h"
#include "packet/event/text_scanner.h"
#include "packet/filter/glob.h"
#include "packet/line/terminal_text.h"

namespace packet {
namespace {

using pcapng::Error;
using pcapng::Result;

constexpr int kMaxDepth = 64;
constexpr size_t kMaxTests = 256;

bool is_number_kind(FieldKind kind) {
    return kind == FieldKind::kUnsigned || kind == FieldKind::kSigned ||
           kind == FieldKind::kPointer;
}

// What words have beside letters and digits: those of globs and of paths.
constexpr std::string_view kWordCharacters = "_-.:*?[]/";

std::optional<uint64_t> number_of(std::string_view text) {
    const bool negative = text.starts_with('-');
    text.remove_prefix(negative ? 1 : 0);
    const int base = text.starts_with("0x") ? 16 : 10;
    text.remove_prefix(base == 16 ? 2 : 0);
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, value, base);
    if (code != std::errc() || stop != end) {
        return std::nullopt;
    }
    return negative ? 0 - value : value;
}

// Returns the number that the field names so, or nullopt.
std::optional<uint64_t> named_number(const EventField& field, std::string_view name) {
    const auto found = std::find_if(field.values.begin(), field.values.end(),
                                    [name](const auto& one) { return one.second == name; });
    return found != field.values.end() ? std::optional(found->first) : std::nullopt;
}

}  // namespace

// Recursive descent; writes the condition in reverse Polish notation.
class EventConditionParser {
  public:
    EventConditionParser(std::string_view text, const EventLayout& layout)
        : text_(text, kWordCharacters), layout_(layout) {}

    Result<EventCondition> parse() {
        if (auto parsed = any(); !parsed) {
            return std::move(parsed).error();
        }
        if (!text_.rest().empty()) {
            return Error{fmt::format("not understood: {}", printable(std::string(text_.rest())))};
        }
        return std::move(condition_);
    }

  private:
    using Step = EventCondition::Step;
    using Operator = EventCondition::Operator;

    struct Comparison {
        std::string_view text;
        Operator comparison;
        bool negated;
    };
    // The longer ones first.
    static constexpr std::array<Comparison, 8> kComparisons = {{
        {"==", Operator::kEqual, false},
        {"!=", Operator::kEqual, true},
        {"<=", Operator::kGreater, true},
        {">=", Operator::kLess, true},
        {"=", Operator::kEqual, false},
        {"<", Operator::kLess, false},
        {">", Operator::kGreater, false},
        {"&", Operator::kBits, false},
    }};

    void emit(Step step, size_t test = 0) { condition_.parts_.push_back({step, test}); }

    Result<void> any() {
        auto parsed = all();
        while (parsed.ok() && (text_.take_word("or") || text_.take("||"))) {
            parsed = all();
            emit(Step::kOr);
        }
        return parsed;
    }
    Result<void> all() {
        auto parsed = one();
        while (parsed.ok() && (text_.take_word("and") || text_.take("&&"))) {
            parsed = one();
            emit(Step::kAnd);
        }
        return parsed;
    }
    Result<void> one() {
        if (++depth_ > kMaxDepth) {
            return Error{"too many parentheses"};
        }
        auto parsed = one_at_depth();
        depth_--;
        return parsed;
    }
    Result<void> one_at_depth() {
        if (text_.take_word("not") || text_.take("!")) {
            auto parsed = one();
            emit(Step::kNot);
            return parsed;
        }
        if (text_.take("(")) {
            auto parsed = any();
            return parsed.ok() && !text_.take(")") ? Error{"a parenthesis isn't closed"} : parsed;
        }
        return comparison();
    }

    Result<void> comparison() {
        const std::string_view name = text_.word();
        if (name.empty()) {
            return Error{"the name of a field is missing"};
        }
        const auto field = std::find_if(layout_.fields.begin(), layout_.fields.end(),
                                        [name](const EventField& one) { return one.name == name; });
        if (field == layout_.fields.end()) {
            return Error{fmt::format("it has no field {}", printable(std::string(name))),
                         EventCondition::kNoSuchField};
        }
        const auto* how =
            std::find_if(kComparisons.begin(), kComparisons.end(),
                         [this](const Comparison& one) { return text_.take(one.text); });
        if (how == kComparisons.end()) {
            return Error{fmt::format("{}: a comparison is missing, as in {} = 1", name, name)};
        }
        if (condition_.tests_.size() == kMaxTests) {
            return Error{"too many comparisons"};
        }
        EventCondition::Test test;
        test.field.fields = {*field};
        test.comparison = how->comparison;
        if (auto read = value(*field, test); !read) {
            return read;
        }
        condition_.tests_.push_back(std::move(test));
        emit(Step::kTest, condition_.tests_.size() - 1);
        if (how->negated) {
            emit(Step::kNot);
        }
        return {};
    }

    Result<void> value(const EventField& field, EventCondition::Test& test) {
        std::string text;
        if (text_.take("\"")) {
            const auto quoted = text_.take_to('"');
            if (!quoted) {
                return Error{"a quotation mark isn't closed"};
            }
            text = *quoted;
        } else {
            text = text_.word();
            if (text.empty()) {
                return Error{fmt::format("{}: the value is missing", field.name)};
            }
        }
        if (!is_number_kind(field.kind)) {
            test.glob = std::move(text);
            return test.comparison == Operator::kEqual
                       ? Result<void>{}
                       : Error{fmt::format("{} is not a number: compare it with = or !=",
                                           field.name)};
        }
        const auto number = number_of(text);
        const auto known = number ? number : named_number(field, text);
        if (!known) {
            return Error{fmt::format("{}: {}: neither a number nor the name of one", field.name,
                                     printable(text))};
        }
        test.number = *known;
        return {};
    }

    TextScanner text_;
    const EventLayout& layout_;
    int depth_ = 0;
    EventCondition condition_;
};

Result<EventCondition> EventCondition::parse(std::string_view text, const EventLayout& layout) {
    return EventConditionParser(text, layout).parse();
}

std::optional<bool> EventCondition::result(const Test& test, std::span<const uint8_t> record) {
    const std::vector<EventValue> values = read_event(test.field, record);
    const EventField& field = test.field.fields.front();
    if (values.empty()) {
        // An empty text is left out, too, if the record has its place.
        const bool is_text = field.kind == FieldKind::kString || field.kind == FieldKind::kChars;
        return is_text && record.size() >= size_t{field.offset} + field.size
                   ? std::optional(glob_matches(test.glob, ""))
                   : std::nullopt;
    }
    const EventValue& value = values.front();
    const auto compare = [&test](auto is, auto than) {
        switch (test.comparison) {
            case Operator::kEqual:
                return is == than;
            case Operator::kLess:
                return is < than;
            case Operator::kGreater:
                return is > than;
            case Operator::kBits:
                return (is & than) != 0;
        }
        return false;
    };
    if (const auto* number = std::get_if<uint64_t>(&value.value)) {
        return compare(*number, test.number);
    }
    if (const auto* number = std::get_if<int64_t>(&value.value)) {
        return compare(*number, static_cast<int64_t>(test.number));
    }
    return glob_matches(test.glob, value_text(value));
}

bool EventCondition::holds(std::span<const uint8_t> record) const {
    std::vector<std::optional<bool>> stack;
    for (const Part& part : parts_) {
        if (part.step == Step::kTest) {
            stack.push_back(result(tests_[part.test], record));
            continue;
        }
        if (part.step == Step::kNot) {
            if (stack.back()) {
                stack.back() = !*stack.back();
            }
            continue;
        }
        const auto right = stack.back();
        stack.pop_back();
        const auto left = stack.back();
        // What decides alone does so whatever the other one is.
        const bool deciding = part.step == Step::kOr;
        if (left == deciding || right == deciding) {
            stack.back() = deciding;
        } else if (!left || !right) {
            stack.back() = std::nullopt;
        } else {
            stack.back() = !deciding;
        }
    }
    return stack.back().value_or(false);
}

}  // namespace packet
