// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/join/joined_rows.h"

#include <array>

#include "forensics/analysis/row_text.h"

namespace forensics {
namespace {

using enum ColumnType;

constexpr auto kJoinColumns = std::to_array<Column>({
    {"seen_by", kList, "the hosts that have it, the one of a first, as far as the files tell"},
    {"joined_by", kText, "what proves that it is one conversation; null: one host has it"},
    {"not_joined", kText, "why there is one host"},
    {"translated", kText, "its ends as the last host has them, where a NAT changes them"},
    {"clock_offset_low_s", kSeconds,
     "the clock of the last host is ahead of that of the first one by this at least"},
    {"clock_offset_high_s", kSeconds, "and by this at most"},
    {"clock_handshakes", kUnsigned, "handshakes of both hosts that say so"},
    {"clock_time", kTime, "when, by the clock of the host that was given first"},
    {"clock_agrees", kBoolean, "whether one offset explains all of them"},
});

Value hosts_of(std::span<const JoinedHost> hosts, const JoinedConversation& conversation) {
    List list;
    for (const View& view : conversation.views) {
        list.json += list.json.empty() ? '[' : ',';
        append_json(Value(std::string_view(hosts[view.host].name)), list.json);
    }
    list.json += ']';
    return list;
}

void take_first(std::string_view& to, std::string_view from) {
    to = to.empty() ? from : to;
}

}  // namespace

Flow joined_flow(std::span<const JoinedHost> hosts, const JoinedConversation& conversation) {
    const std::vector<View>& views = conversation.views;
    const auto flow_of = [&](const View& view) { return hosts[view.host].flows[view.flow]; };
    Flow joined = flow_of(views.front());
    for (size_t i = 1; i < views.size(); ++i) {
        const View& view = views[i];
        const Flow flow = flow_of(view);
        auto& [a, b] = joined.sides;
        const Participants& of_a = flow.sides[view.turned ? 1 : 0].processes;
        const Participants& of_b = flow.sides[view.turned ? 0 : 1].processes;
        if (a.processes.first() == nullptr) {
            a.processes = of_a;
        }
        if (of_b.first() != nullptr) {
            b.processes = of_b;
        }
        if (joined.either.first() == nullptr) {
            joined.either = flow.either;
        }
        if (!view.turned && flow.sides[1].address == b.address) {
            take_first(joined.dns_name, flow.dns_name);
        }
        take_first(joined.server_name, flow.server_name);
        take_first(joined.http_host, flow.http_host);
        take_first(joined.dns_question, flow.dns_question);
    }
    return joined;
}

std::string translated_ends(std::span<const JoinedHost> hosts,
                            const JoinedConversation& conversation) {
    if (conversation.proof != Proof::kSequenceNumbersBehindNat) {
        return {};
    }
    const View& last = conversation.views.back();
    const auto& [a, b] = hosts[last.host].flows[last.flow].sides;
    return to_text(a.address, a.port) + " " + to_text(b.address, b.port);
}

std::string_view proof_name(const JoinedConversation& conversation) {
    switch (conversation.proof) {
        case Proof::kNone:
            return conversation.same_ends ? "the same ends, without a proof" : "one host has it";
        case Proof::kSequenceNumbers:
            return "sequence numbers";
        case Proof::kSequenceNumbersBehindNat:
            return "sequence numbers, behind NAT";
        case Proof::kPackets:
            break;
    }
    return "packets";
}

std::span<const Column> joined_columns() {
    static const std::vector<Column> kColumns = [] {
        const std::span<const Column> flows = flow_columns();
        std::vector<Column> columns(flows.begin(), flows.end());
        columns.insert(columns.end(), kJoinColumns.begin(), kJoinColumns.end());
        return columns;
    }();
    return kColumns;
}

void joined_row(std::span<const JoinedHost> hosts, const Joined& joined, size_t number, Row& row) {
    const JoinedConversation& conversation = joined.conversations[number];
    Flow flow = joined_flow(hosts, conversation);
    flow.number = number;
    flow_row(flow, row);
    row.push_back(hosts_of(hosts, conversation));
    const bool is_joined = conversation.proof != Proof::kNone;
    const Value name = proof_name(conversation);
    row.push_back(is_joined ? name : Value());
    row.push_back(is_joined ? Value() : name);
    std::string translated = translated_ends(hosts, conversation);
    row.push_back(translated.empty() ? Value() : Value(std::move(translated)));
    const ClockOffset offset =
        joined.offset(conversation.views.front().host, conversation.views.back().host);
    if (offset.handshakes == 0) {
        row.resize(joined_columns().size());
        return;
    }
    row.emplace_back(static_cast<double>(offset.bounds.low) / 1e9);
    row.emplace_back(static_cast<double>(offset.bounds.high) / 1e9);
    row.emplace_back(offset.handshakes);
    row.push_back(offset.agree ? Value(Time{offset.bounds.at_ns}) : Value());
    row.emplace_back(offset.agree);
}

}  // namespace forensics
