// SPDX-License-Identifier: GPL-2.0-only
#include <array>
#include <charconv>

#include "capture/events/print_format.h"
#include "packet/event/text_scanner.h"

namespace capture {
namespace {

constexpr int kMaxDepth = 32;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// The first words of types that are cast to.
constexpr std::array<std::string_view, 23> kTypeWords = {
    "unsigned", "signed", "long",  "int",   "short", "char",  "const",  "u8",
    "u16",      "u32",    "u64",   "s8",    "s16",   "s32",   "s64",    "__u8",
    "__u16",    "__u32",  "__u64", "__s32", "enum",  "gfp_t", "__force"};

// Recursive descent over the text; the result is empty once anything isn't understood.
class Evaluator {
  public:
    Evaluator(std::string_view text, const FindConstant& find) : text_(text, "_"), find_(find) {}

    std::optional<uint64_t> all() {
        auto value = alternatives();
        return text_.rest().empty() ? value : std::nullopt;
    }

  private:
    using Value = std::optional<uint64_t>;

    // a | b
    Value alternatives() {
        Value value = common_bits();
        while (value && text_.take("|")) {
            const Value other = common_bits();
            value = other ? Value(*value | *other) : std::nullopt;
        }
        return value;
    }
    // a & b
    Value common_bits() {
        Value value = shifted();
        while (value && text_.take("&")) {
            const Value other = shifted();
            value = other ? Value(*value & *other) : std::nullopt;
        }
        return value;
    }
    // a << b
    Value shifted() {
        Value value = sum();
        while (value && text_.take("<<")) {
            const Value bits = sum();
            value = bits && *bits < 64 ? Value(*value << *bits) : std::nullopt;
        }
        return value;
    }
    // a + b, a - b
    Value sum() {
        Value value = operand();
        while (value) {
            const bool adds = text_.take("+");
            if (!adds && !text_.take("-")) {
                break;
            }
            const Value other = operand();
            value = other ? Value(adds ? *value + *other : *value - *other) : std::nullopt;
        }
        return value;
    }
    Value operand() {
        if (++depth_ > kMaxDepth) {
            return std::nullopt;
        }
        Value value = operand_at_depth();
        depth_--;
        return value;
    }
    Value operand_at_depth() {
        if (text_.take("-")) {
            const Value value = operand();
            return value ? Value(0 - *value) : std::nullopt;
        }
        if (text_.take("~")) {
            const Value value = operand();
            return value ? Value(~*value) : std::nullopt;
        }
        if (text_.take("(")) {
            if (take_type()) {
                return operand();
            }
            Value value = alternatives();
            return text_.take(")") ? value : std::nullopt;
        }
        const std::string_view token = text_.word();
        if (token.empty()) {
            return std::nullopt;
        }
        return is_digit(token.front()) ? number(token) : find_(std::string(token));
    }

    // Steps over the rest of a cast, as in "unsigned long)".
    bool take_type() {
        const packet::TextScanner before = text_;
        std::string_view first = text_.word();
        bool known = false;
        for (const std::string_view type : kTypeWords) {
            known = known || type == first;
        }
        while (known && !text_.word().empty()) {
        }
        if (known && text_.take(")")) {
            return true;
        }
        text_ = before;
        return false;
    }

    static Value number(std::string_view token) {
        while (!token.empty() && (token.back() == 'U' || token.back() == 'u' ||
                                  token.back() == 'L' || token.back() == 'l')) {
            token.remove_suffix(1);
        }
        int base = 10;
        if (token.starts_with("0x") || token.starts_with("0X")) {
            base = 16;
            token.remove_prefix(2);
        } else if (token.size() > 1 && token.front() == '0') {
            base = 8;
        }
        uint64_t value = 0;
        const char* end = token.data() + token.size();
        const auto [stop, code] = std::from_chars(token.data(), end, value, base);
        return code == std::errc() && stop == end ? Value(value) : std::nullopt;
    }

    packet::TextScanner text_;
    const FindConstant& find_;
    int depth_ = 0;
};

}  // namespace

std::optional<uint64_t> evaluate_constant(std::string_view text,
                                          const FindConstant& find_constant) {
    return Evaluator(text, find_constant).all();
}

}  // namespace capture
