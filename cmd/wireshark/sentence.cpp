// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/wireshark/sentence.h"

#include <algorithm>

#include "packet/line/terminal_text.h"

namespace extcap {

std::string sentence(std::string_view word,
                     std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
    std::string line(word);
    line += ' ';
    for (const auto& [key, value] : values) {
        std::string text = packet::printable(value);
        std::replace(text.begin(), text.end(), '{', '[');
        std::replace(text.begin(), text.end(), '}', ']');
        line += '{';
        line += key;
        line += '=';
        line += text;
        line += '}';
    }
    line += '\n';
    return line;
}

bool can_be_said(std::string_view value) {
    return packet::printable(value) == value && value.find_first_of("{}") == std::string_view::npos;
}

}  // namespace extcap
