// SPDX-License-Identifier: GPL-2.0-only
#include "packet/filter/vlan_words.h"

#include <fmt/format.h>
#include <linux/filter.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>

namespace packet {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_word(char c) {
    return isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' ||
           c == ':';
}

// The words of an expression as libpcap's scanner has them, as far as it matters here: a name with
// "vlan" in it (my-vlan, vlan.example) is one word, and one behind a backslash is no keyword.
class Words {
  public:
    explicit Words(std::string_view text) : text_(text) {}

    // Goes to the next word. Returns false at the end.
    bool next() {
        begin_ = end_;
        while (begin_ < text_.size() && !is_word(text_[begin_])) {
            begin_ = text_[begin_] == '\\' ? end_of(begin_ + 1) : begin_ + 1;
        }
        end_ = end_of(begin_);
        return begin_ < text_.size();
    }

    std::string_view word() const { return text_.substr(begin_, end_ - begin_); }
    size_t begin() const { return begin_; }
    size_t end() const { return end_; }

  private:
    size_t end_of(size_t at) const {
        while (at < text_.size() && is_word(text_[at])) {
            at++;
        }
        return at;
    }

    std::string_view text_;
    size_t begin_ = 0;
    size_t end_ = 0;
};

// A number behind `vlan`, which may stand in parentheses, and where it ends.
struct Number {
    std::string_view digits;  // empty: there is none
    size_t end = 0;
};

Number number_at(std::string_view text, size_t at) {
    const auto skip_blanks = [text](size_t from) {
        while (from < text.size() && is_blank(text[from])) {
            from++;
        }
        return from;
    };
    size_t open = 0;
    size_t begin = skip_blanks(at);
    for (; begin < text.size() && text[begin] == '('; begin = skip_blanks(begin + 1)) {
        open++;
    }
    size_t end = begin;
    while (end < text.size() && is_word(text[end])) {
        end++;
    }
    const std::string_view digits = text.substr(begin, end - begin);
    if (digits.empty() || isdigit(static_cast<unsigned char>(digits.front())) == 0) {
        return {};
    }
    for (; open > 0; open--) {
        end = skip_blanks(end);
        if (end == text.size() || text[end] != ')') {
            return {};
        }
        end++;
    }
    return {digits, end};
}

}  // namespace

std::optional<std::string> words_beside_tag(std::string_view expression) {
    constexpr auto kPresent = static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT);
    constexpr auto kTag = static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG);
    for (Words words(expression); words.next();) {
        if (words.word() == "geneve" || words.word() == "vxlan") {
            return std::nullopt;
        }
        if (words.word() == "vlan") {
            const Number number = number_at(expression, words.end());
            const bool any = number.digits.empty();
            const std::string test =
                any ? fmt::format("(ether[{}] = 1)", kPresent)
                    : fmt::format("(ether[{}:2] & 0xfff = {})", kTag, number.digits);
            return fmt::format("{}{}{}", expression.substr(0, words.begin()), test,
                               expression.substr(any ? words.end() : number.end));
        }
    }
    return std::nullopt;
}

}  // namespace packet
