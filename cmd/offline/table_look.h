// SPDX-License-Identifier: GPL-2.0-only
//
// Which of a table's rows come first, in which form they are printed, and the printing.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cmd/offline/files_command.h"
#include "cmd/offline/terminal_table.h"
#include "forensics/export/row_set.h"
#include "pcapng/result.h"

namespace cmd {

struct Look {
    std::optional<forensics::Order> order;
    TableStyle style;
};

// A member of a command's line, before it is parsed.
struct LookOptions {
    const Option& sort;
    TableStyleOptions style;

    explicit LookOptions(CommandLine& line) : sort(line.value("--sort")), style(line) {}

    void read(std::span<const forensics::Column> columns, OptionReader& reader, Look& to) const;
};

struct PrintedRows {
    forensics::RowSet rows;
    // The same for people.
    std::span<const Heading> headings;
    std::function<std::vector<Cell>(size_t row)> cells;
    std::function<std::string()> below;  // lines under the table, for people
};

// Prints all rows. An error is of standard output.
pcapng::Result<void> print_rows(const PrintedRows& printed, const Look& look);

}  // namespace cmd
