// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/flows.h"

#include <string>

#include "cmd/offline/flow_cells.h"
#include "cmd/offline/join.h"
#include "cmd/offline/table_command.h"
#include "cmd/records/run_records.h"

namespace cmd {
namespace {

using forensics::Analysis;

TableCommand table() {
    return {.name = "flows",
            .columns = forensics::flow_columns(),
            .flows = {},
            .rows =
                [](const Analysis& analysis) {
                    return forensics::RowSet{
                        .columns = forensics::flow_columns(),
                        .count = analysis.flows().size(),
                        .make = [&analysis](size_t index, forensics::Row& row) {
                            forensics::flow_row(analysis.flows()[index], row);
                        }};
                },
            .headings = flow_headings(),
            .cells = [](const Analysis& analysis, size_t row,
                        std::string_view host) { return flow_cells(analysis.flows()[row], host); }};
}

}  // namespace

int run_flows(std::span<const std::string> arguments) {
    return asks_for_join(arguments)      ? run_join(arguments)
           : asks_for_records(arguments) ? run_records(arguments)
                                         : run_table_command(table(), arguments);
}

}  // namespace cmd
