// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/flows.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "cmd/offline/table_command.h"

namespace cmd {
namespace {

using forensics::Analysis;
using forensics::Flow;
using forensics::Side;

constexpr std::string_view kHelp = R"(Usage: pidcap flows [options] FILE... [FILTER]

One row for each conversation in the file: both ends with their processes, state, packets and bytes
both ways, duration, round trip of the handshake, and the names that its packets show (TLS server
name, HTTP host, DNS). In the order of their first packets. PROCESS is the process at the address
before it; if the file doesn't say at which of the two it is, (either end) follows it. FILE is a
capture of pidcap or of another tool, compressed or not; "-" is standard input. Several files are
read one after the other, as one.
)";

constexpr auto kHeadings = std::to_array<Heading>({
    {"PROTO"},
    {"FROM"},
    {"PROCESS"},
    {"TO"},
    {"PROCESS"},
    {"STATE"},
    {"SENT", true},
    {"RECEIVED", true},
    {"DURATION", true},
    {"RTT", true},
    {"RESENT", true},
    {"NAME"},
});

std::string address_text(const Side& side) {
    const std::string address = to_text(side.address);
    if (side.port == 0) {
        return address;
    }
    return side.address.length == 16 ? fmt::format("[{}]:{}", address, side.port)
                                     : fmt::format("{}:{}", address, side.port);
}

Cell process_at(const Side& side) {
    Cell cell = process_cell(side.process);
    if (side.several) {
        cell.text += " …";
    }
    return cell;
}

std::vector<Cell> cells_of(const Flow& flow) {
    const auto& [a, b] = flow.sides;
    Cell first = process_at(a);
    if (first.text.empty() && b.process == nullptr && flow.either != nullptr) {
        first = process_cell(flow.either);
        first.text += flow.either_several ? " … (either end)" : " (either end)";
    }
    const bool timed = flow.first_ns && flow.last_ns;
    const uint64_t resent = a.retransmissions + b.retransmissions;
    const std::string_view name = !flow.server_name.empty() ? flow.server_name
                                  : !flow.http_host.empty() ? flow.http_host
                                                            : flow.dns_name;
    return {
        {forensics::protocol_name(flow.protocol)},
        {address_text(a)},
        std::move(first),
        {address_text(b)},
        process_at(b),
        {state_name(flow.state)},
        {bytes_text(a.bytes)},
        {bytes_text(b.bytes)},
        {timed ? seconds_text(*flow.last_ns - *flow.first_ns) : ""},
        {flow.handshake_rtt_ns ? seconds_text(*flow.handshake_rtt_ns) : ""},
        {resent > 0 ? fmt::to_string(resent) : ""},
        {cell_text(name, 80)},
    };
}

}  // namespace

int run_flows(std::span<const std::string> arguments) {
    return run_table_command({.name = "flows",
                              .help = kHelp,
                              .columns = forensics::flow_columns(),
                              .rows =
                                  [](const Analysis& analysis) {
                                      return forensics::RowSet{
                                          .columns = forensics::flow_columns(),
                                          .count = analysis.flows().size(),
                                          .make = [&analysis](size_t index, forensics::Row& row) {
                                              forensics::flow_row(analysis.flows()[index], row);
                                          }};
                                  },
                              .headings = kHeadings,
                              .cells = [](const Analysis& analysis,
                                          size_t row) { return cells_of(analysis.flows()[row]); }},
                             arguments);
}

}  // namespace cmd
