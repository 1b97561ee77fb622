// SPDX-License-Identifier: GPL-2.0-only
//
// A table for people as one text.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cmd/offline/terminal_table.h"

namespace test {

inline std::string table_text(std::span<const cmd::Heading> headings,
                              const std::vector<std::vector<cmd::Cell>>& rows, size_t width,
                              bool color) {
    std::string text;
    cmd::print_table(headings, {rows.size(), [&](size_t row) { return rows[row]; }}, width, color,
                     [&](std::string_view line) {
                         text += line;
                         return true;
                     });
    return text;
}

}  // namespace test
