// SPDX-License-Identifier: GPL-2.0-only
#include <array>
#include <charconv>

#include "capture/events/print_format.h"

namespace capture {
namespace {

constexpr int kMaxDepth = 32;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

// The first words of types that are cast to.
constexpr std::array<std::string_view, 23> kTypeWords = {
    "unsigned", "signed", "long",  "int",   "short", "char",  "const",  "u8",
    "u16",      "u32",    "u64",   "s8",    "s16",   "s32",   "s64",    "__u8",
    "__u16",    "__u32",  "__u64", "__s32", "enum",  "gfp_t", "__force"};

// Recursive descent over the text; the result is empty once anything isn't understood.
class Evaluator {
  public:
    Evaluator(std::string_view text, const FindConstant& find) : text_(text), find_(find) {}

    std::optional<uint64_t> all() {
        auto value = alternatives();
        skip_space();
        return text_.empty() ? value : std::nullopt;
    }

  private:
    using Value = std::optional<uint64_t>;

    void skip_space() {
        while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t')) {
            text_.remove_prefix(1);
        }
    }
    bool take(std::string_view token) {
        skip_space();
        if (!text_.starts_with(token)) {
            return false;
        }
        text_.remove_prefix(token.size());
        return true;
    }
    std::string_view word() {
        skip_space();
        size_t length = 0;
        while (length < text_.size() && is_name_char(text_[length])) {
            length++;
        }
        const std::string_view word = text_.substr(0, length);
        text_.remove_prefix(length);
        return word;
    }

    // a | b
    Value alternatives() {
        Value value = common_bits();
        while (value && take("|")) {
            const Value other = common_bits();
            value = other ? Value(*value | *other) : std::nullopt;
        }
        return value;
    }
    // a & b
    Value common_bits() {
        Value value = shifted();
        while (value && take("&")) {
            const Value other = shifted();
            value = other ? Value(*value & *other) : std::nullopt;
        }
        return value;
    }
    // a << b
    Value shifted() {
        Value value = sum();
        while (value && take("<<")) {
            const Value bits = sum();
            value = bits && *bits < 64 ? Value(*value << *bits) : std::nullopt;
        }
        return value;
    }
    // a + b, a - b
    Value sum() {
        Value value = operand();
        while (value) {
            const bool adds = take("+");
            if (!adds && !take("-")) {
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
        if (take("-")) {
            const Value value = operand();
            return value ? Value(0 - *value) : std::nullopt;
        }
        if (take("~")) {
            const Value value = operand();
            return value ? Value(~*value) : std::nullopt;
        }
        if (take("(")) {
            if (take_type()) {
                return operand();
            }
            Value value = alternatives();
            return take(")") ? value : std::nullopt;
        }
        const std::string_view token = word();
        if (token.empty()) {
            return std::nullopt;
        }
        return is_digit(token.front()) ? number(token) : find_(std::string(token));
    }

    // Steps over the rest of a cast, as in "unsigned long)".
    bool take_type() {
        const std::string_view before = text_;
        std::string_view first = word();
        bool known = false;
        for (const std::string_view type : kTypeWords) {
            known = known || type == first;
        }
        while (known && !word().empty()) {
        }
        if (known && take(")")) {
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

    std::string_view text_;
    const FindConstant& find_;
    int depth_ = 0;
};

}  // namespace

std::optional<uint64_t> evaluate_constant(std::string_view text,
                                          const FindConstant& find_constant) {
    return Evaluator(text, find_constant).all();
}

}  // namespace capture
