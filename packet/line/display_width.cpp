// SPDX-License-Identifier: GPL-2.0-only
#include "packet/line/display_width.h"

#include <uniwidth.h>

#include <algorithm>

#include "pcapng/text.h"

namespace packet {
namespace {

struct Character {
    size_t size = 0;  // bytes
    size_t columns = 0;
};

// The first one of `text`, which isn't empty. A byte that is no UTF-8 takes one column.
Character first_character(std::string_view text) {
    if (text.front() >= ' ' && text.front() <= '~') {
        return {.size = 1, .columns = 1};  // most are: without a look at the tables
    }
    char32_t code_point = 0;
    const size_t size = pcapng::decode_utf8(text, code_point);
    if (size == 0) {
        return {.size = 1, .columns = 1};
    }
    const int columns = uc_width(code_point, "UTF-8");
    return {.size = size, .columns = static_cast<size_t>(std::max(columns, 0))};
}

}  // namespace

size_t display_width(std::string_view text) {
    size_t columns = 0;
    while (!text.empty()) {
        const Character character = first_character(text);
        columns += character.columns;
        text.remove_prefix(character.size);
    }
    return columns;
}

std::string_view fit_to_width(std::string_view text, size_t columns) {
    size_t at = 0;
    while (at < text.size()) {
        const Character character = first_character(text.substr(at));
        if (character.columns > columns) {
            break;
        }
        columns -= character.columns;
        at += character.size;
    }
    return text.substr(0, at);
}

}  // namespace packet
