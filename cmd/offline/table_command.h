// SPDX-License-Identifier: GPL-2.0-only
//
// What `pidcap processes` and `pidcap flows` share: the command line, the pass over the file, and
// the rows in the form that is asked for. One thread.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/offline/terminal_table.h"
#include "forensics/analysis/analysis.h"
#include "forensics/export/row_set.h"

namespace cmd {

struct TableCommand {
    std::string_view name;
    std::span<const forensics::Column> columns;
    forensics::FlowTable::Options flows;  // what of conversations is kept
    // The rows of an analysis, in the order that they have without --sort.
    std::function<forensics::RowSet(const forensics::Analysis& analysis)> rows;
    std::span<const Heading> headings;
    // The same for people. `host`: see process_cell().
    std::function<std::vector<Cell>(const forensics::Analysis& analysis, size_t row,
                                    std::string_view host)>
        cells;
};

// The exit status. Prints what is wrong itself.
int run_table_command(const TableCommand& command, std::span<const std::string> arguments);

}  // namespace cmd
