// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/flow_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace cmd {
namespace {

using forensics::Flow;
using forensics::Participants;
using forensics::Side;

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
    {"ON"},
    {"TUNNEL"},
});

std::string address_text(const Side& side) {
    return side.port == 0 ? to_text(side.address) : to_text(side.address, side.port);
}

// Names the process that moved the most bytes; if there are more, with its share of them.
Cell main_process(const Participants& processes, std::string_view host) {
    Cell cell = process_cell(processes.main(), host);
    if (processes.several()) {
        const forensics::Participant most = processes.by_bytes().front();
        const uint64_t total = std::max<uint64_t>(processes.bytes(), 1);
        // Rounded down: with another one beside it, it isn't all.
        const auto share = static_cast<unsigned>(100.0 * static_cast<double>(most.bytes) /
                                                 static_cast<double>(total));
        cell.text += fmt::format(" {} % …", share);
    }
    return cell;
}

// Names the interfaces, if there are several or it is in another network namespace.
std::string interfaces_text(const Flow& flow) {
    std::string names;
    for (const forensics::Interface* interface : flow.seen_on()) {
        names += (names.empty() ? "" : ", ") + interface->name;
    }
    const bool tells = flow.seen_on().size() > 1 || names.find('/') != names.npos;
    return !tells ? "" : flow.more_interfaces ? names + ", …" : names;
}

}  // namespace

std::span<const Heading> flow_headings() {
    return kHeadings;
}

std::vector<Cell> flow_cells(const Flow& flow, std::string_view host) {
    const auto& [a, b] = flow.sides;
    Cell first = main_process(a.processes, host);
    if (first.text.empty() && b.processes.first() == nullptr && flow.either.first() != nullptr) {
        first = main_process(flow.either, host);
        first.text += " (either end)";
    }
    const bool timed = flow.first_ns && flow.last_ns;
    const uint64_t resent = a.retransmissions + b.retransmissions;
    const std::string_view name = !flow.server_name.empty()    ? flow.server_name
                                  : !flow.http_host.empty()    ? flow.http_host
                                  : !flow.dns_question.empty() ? flow.dns_question
                                                               : flow.dns_name;
    return {
        {forensics::protocol_name(flow.protocol)},
        {address_text(a)},
        std::move(first),
        {address_text(b)},
        main_process(b.processes, host),
        {state_name(flow.state)},
        {bytes_text(a.bytes)},
        {bytes_text(b.bytes)},
        {timed ? seconds_text(*flow.last_ns - *flow.first_ns) : ""},
        {flow.handshake_rtt_ns ? seconds_text(*flow.handshake_rtt_ns) : ""},
        {resent > 0 ? fmt::to_string(resent) : ""},
        {cell_text(name, 80)},
        {cell_text(interfaces_text(flow), 80)},
        {cell_text(flow.tunnel, 80)},
    };
}

}  // namespace cmd
