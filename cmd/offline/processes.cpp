// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "cmd/offline/table_command.h"

namespace cmd {
namespace {

using forensics::Analysis;
using forensics::ProcessTraffic;

constexpr auto kHeadings = std::to_array<Heading>({
    {"PROCESS"},
    {"USER"},
    {"SENT", true},
    {"RECEIVED", true},
    {"EITHER", true},
    {"PACKETS", true},
    {"FLOWS", true},
    {"PEERS", true},
    {"FAILED", true},
    {"DROPS", true},
    {"EXIT", true},
    {"CONTAINER"},
    {"PARENT"},
    {"COMMAND"},
});

uint64_t bytes_of(const ProcessTraffic& traffic) {
    return traffic.sent.bytes + traffic.received.bytes + traffic.either.bytes;
}

std::string or_none(const forensics::Amount& amount) {
    return amount.packets == 0 ? "" : bytes_text(amount.bytes);
}

std::string number_or_none(uint64_t number) {
    return number == 0 ? "" : fmt::to_string(number);
}

std::string exit_text(const forensics::ProcessOutcome& outcome) {
    return outcome.exit_code ? fmt::to_string(*outcome.exit_code) : cell_text(outcome.exit_signal);
}

// Its name, which may be its pod's and its own, or the beginning of its id.
std::string container_text(const forensics::Process& process) {
    if (process.container_name.empty()) {
        return cell_text(std::string_view(process.container).substr(0, 12), 12);
    }
    return process.pod_name.empty() ? cell_text(process.container_name.view(), 24)
                                    : fmt::format("{}/{}", cell_text(process.pod_name.view(), 32),
                                                  cell_text(process.container_name.view(), 24));
}

std::vector<Cell> cells_of(const ProcessTraffic& traffic, std::string_view host) {
    const forensics::Process& process = *traffic.process;
    std::string user = cell_text(process.user, 16);
    if (user.empty() && process.uid) {
        user = fmt::to_string(*process.uid);
    }
    std::string parent;
    if (const auto recorded = packet::recorded_parent(process)) {
        parent = fmt::format("{}[{}]", cell_text(recorded->comm), recorded->pid);
    }
    return {
        process_cell(&process, host),
        {std::move(user)},
        {or_none(traffic.sent)},
        {or_none(traffic.received)},
        {or_none(traffic.either)},
        {fmt::to_string(traffic.sent.packets + traffic.received.packets + traffic.either.packets)},
        {fmt::to_string(traffic.flows)},
        {fmt::to_string(traffic.peers)},
        {number_or_none(traffic.outcome.failed_connections)},
        {number_or_none(traffic.outcome.dropped_packets)},
        {exit_text(traffic.outcome)},
        {container_text(process)},
        {std::move(parent)},
        {cell_text(process.cmdline.empty() ? process.exe : process.cmdline, 120)},
    };
}

}  // namespace

int run_processes(std::span<const std::string> arguments) {
    std::vector<const ProcessTraffic*> all;
    auto rows = [&all](const Analysis& analysis) {
        for (const ProcessTraffic& traffic : analysis.processes()) {
            if (traffic.process != nullptr) {
                all.push_back(&traffic);
            }
        }
        std::stable_sort(all.begin(), all.end(),
                         [](const ProcessTraffic* a, const ProcessTraffic* b) {
                             return bytes_of(*a) > bytes_of(*b);
                         });
        return forensics::RowSet{.columns = forensics::process_columns(),
                                 .count = all.size(),
                                 .make = [&all](size_t index, forensics::Row& row) {
                                     forensics::process_row(*all[index], row);
                                 }};
    };
    return run_table_command(
        {.name = "processes",
         .columns = forensics::process_columns(),
         .flows = {.names = false, .bytes_in_memory = size_t{10} << 20},
         .rows = rows,
         .headings = kHeadings,
         .cells = [&all](const Analysis&, size_t row,
                         std::string_view host) { return cells_of(*all[row], host); }},
        arguments);
}

}  // namespace cmd
