// SPDX-License-Identifier: GPL-2.0-only
//
// TextScanner: takes words and signs from the front of a text, for a parser by recursive descent.
// Each call skips blanks and tabs first. A copy is a place to come back to. The text must live as
// long as the scanner and what it returns.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace packet {

class TextScanner {
  public:
    // A word is made of letters, digits and the characters of `others`, which must live as long.
    TextScanner(std::string_view text, std::string_view others) : text_(text), others_(others) {}

    // What hasn't been taken.
    std::string_view rest() {
        skip_space();
        return text_;
    }
    // Takes `sign` if the rest begins with it; says whether it did.
    bool take(std::string_view sign) {
        skip_space();
        const bool taken = text_.starts_with(sign);
        text_.remove_prefix(taken ? sign.size() : 0);
        return taken;
    }
    // Takes `word` if it is the whole next word; says whether it did.
    bool take_word(std::string_view word) {
        skip_space();
        return text_.substr(0, word_length()) == word && take(word);
    }
    // Takes the next word; empty if there is none.
    std::string_view word() {
        skip_space();
        const std::string_view word = text_.substr(0, word_length());
        text_.remove_prefix(word.size());
        return word;
    }
    // Takes what stands before the next `end`, blanks and all, and `end`; nullopt if there is none.
    std::optional<std::string_view> take_to(char end) {
        const size_t length = text_.find(end);
        if (length == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string_view taken = text_.substr(0, length);
        text_.remove_prefix(length + 1);
        return taken;
    }

  private:
    void skip_space() {
        while (text_.starts_with(' ') || text_.starts_with('\t')) {
            text_.remove_prefix(1);
        }
    }
    bool is_word_char(char c) const {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others_.find(c) != std::string_view::npos;
    }
    size_t word_length() const {
        size_t length = 0;
        while (length < text_.size() && is_word_char(text_[length])) {
            length++;
        }
        return length;
    }

    std::string_view text_;
    std::string_view others_;
};

}  // namespace packet
