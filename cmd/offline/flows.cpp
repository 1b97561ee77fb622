// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/flows.h"

#include <fmt/format.h>

#include <string>

#include "cmd/offline/flow_cells.h"
#include "cmd/offline/join.h"
#include "cmd/offline/table_command.h"
#include "cmd/records/record_options.h"
#include "cmd/records/run_records.h"

namespace cmd {
namespace {

using forensics::Analysis;

constexpr std::string_view kHelp = R"(Usage: pidcap flows [options] FILE... [FILTER]
       pidcap flows -i IFACE [options] [options of a capture] [FILTER] [-- COMMAND]
       pidcap flows --join [options] FILE FILE... [FILTER]

One row for each conversation in the file: both ends with their processes, state, packets and bytes
both ways, duration, round trip of the handshake, and its name (TLS server name, HTTP host, DNS
question, or the name of the address). In the order of their first packets. PROCESS is the process
at the address before it: of several the one that sent and received the most bytes there, with its
share of them and "…"; --json and --csv list all. If the file doesn't say at which of the two
addresses it is, (either end) follows it. ON names the interfaces, where there are several, or one
of another network namespace: a packet that crosses several counts once. Of what a tunnel carries, a
row has the inner addresses; TUNNEL names it. FILE is a capture of pidcap or of another tool,
compressed or not; "-" is standard input. Several files are read one after the other, as one.
)";

constexpr std::string_view kJoinHelp = R"(Conversations of several hosts
  --join        each FILE is of another host: a conversation that two of them have is one row, with
                the process at each end, and below is how far their clocks are apart
  --host NAME   the host of a FILE; repeatable, one for each in their order. By default a file's
                name without folder and ending. Files of one host are read one after the other

)";

TableCommand table(const std::string& more_help) {
    return {.name = "flows",
            .help = kHelp,
            .more_help = more_help,
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
            .cells = [](const Analysis& analysis,
                        size_t row) { return flow_cells(analysis.flows()[row]); }};
}

}  // namespace

int run_flows(std::span<const std::string> arguments) {
    const std::string more_help = fmt::format("{}{}", kJoinHelp, record_help());
    const TableCommand command = table(more_help);
    const auto help = [&command] { return help_text(command); };
    return asks_for_join(arguments)      ? run_join(arguments, help)
           : asks_for_records(arguments) ? run_records(arguments, help)
                                         : run_table_command(command, arguments);
}

}  // namespace cmd
