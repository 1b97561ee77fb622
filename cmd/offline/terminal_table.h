// SPDX-License-Identifier: GPL-2.0-only
//
// Cells as aligned lines for people, cut to the terminal's width. Every text that a file brings
// goes through cell_text first. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forensics/analysis/analysis.h"

namespace cmd {

struct Cell {
    std::string text;             // safe for a terminal
    std::string_view color = {};  // the sequence that starts it; empty: none
};

struct Heading {
    std::string_view text;
    bool to_the_right = false;  // numbers
};

// The rows of a table, which are made one at a time: all of them at once would be large. `make` is
// called twice for each.
struct CellRows {
    size_t count = 0;
    std::function<std::vector<Cell>(size_t row)> make;
};

// Prints all lines, each with its line break, until `print` returns false. A column that no row has
// anything in is left out. `width`: of the terminal in columns; 0: nothing is cut.
void print_table(std::span<const Heading> headings, const CellRows& rows, size_t width, bool color,
                 const std::function<bool(std::string_view line)>& print);

// The width of the terminal behind `fd`; 0: it is none.
size_t width_of(int fd);

// Made safe, and cut to `most` columns of a terminal, the last of them "…" then.
std::string cell_text(std::string_view text, size_t most = 40);

// "curl[42]" in its colour, or "web1:curl[42]" if it is of another host than `host`, which all that
// is read is of, if that is known; empty for null.
Cell process_cell(const forensics::Process* process, std::string_view host);

std::string bytes_text(uint64_t bytes);  // "1.2 MiB"
std::string seconds_text(uint64_t ns);   // "1.25 s", "340 us"

// "without a process: 5 of 100 packets, 1.2 KiB (2.5 %): kernel 3, unknown 2", with line break.
std::string unattributed_text(const forensics::Analysis& analysis);

}  // namespace cmd
