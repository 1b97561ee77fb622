// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/table.h"

#include <netinet/in.h>

#include <fmt/format.h>

#include <array>
#include <cassert>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "forensics/analysis/row_text.h"
#include "forensics/analysis/row_writer.h"
#include "packet/process_fields.h"

namespace forensics {
namespace {

using enum ColumnType;

constexpr auto kPacketColumns = std::to_array<Column>({
    {"number", kUnsigned, "position in the file, from 1"},
    {"time", kTime, "when it was captured"},
    {"interface", kText, "name of the interface"},
    {"direction", kText, "in or out, as the interface saw it"},
    {"length", kUnsigned, "bytes on the wire, link layer included"},
    {"captured_length", kUnsigned, "bytes of it in the file"},
    {"protocol", kText, "tcp, udp, icmp, …; a number where it has no name here"},
    {"source_address", kText, "IPv4 or IPv6"},
    {"source_port", kUnsigned, "of TCP, UDP and their like"},
    {"destination_address", kText, "IPv4 or IPv6"},
    {"destination_port", kUnsigned, "of TCP, UDP and their like"},
    {"flow", kUnsigned, "number of its conversation in the table flows"},
    {"host", kText, "the host of the process, if the file names it"},
    {"pid", kUnsigned, "the process of the packet, see process_at"},
    {"tid", kUnsigned, "its thread"},
    {"start_time", kTime, "when that process started; with host and pid its identity"},
    {"comm", kText, "its name"},
    {"exe", kText, "path of its program"},
    {"uid", kUnsigned, "its user, as of this packet"},
    {"user_name", kText, "name of its user"},
    {"container", kText, "its container's id"},
    {"container_name", kText, "its container's name"},
    {"container_image", kText, "image of its container"},
    {"pod_name", kText, "its pod's name, in Kubernetes"},
    {"pod_namespace", kText, "its pod's namespace, in Kubernetes"},
    {"unit", kText, "its systemd unit"},
    {"via", kText, "how it was found, or why there is none"},
    {"process_at", kText,
     "sender or receiver: the end at which the process is; null if the file doesn't say"},
    {"peer_host", kText, "the host of the process at the other end"},
    {"peer_pid", kUnsigned, "the process at the other end"},
    {"peer_tid", kUnsigned, "its thread"},
    {"peer_start_time", kTime, "when that process started"},
    {"peer_comm", kText, "its name"},
    {"peer_exe", kText, "path of its program"},
    {"peer_uid", kUnsigned, "its user, as of this packet"},
    {"peer_user_name", kText, "name of its user"},
    {"peer_container", kText, "its container's id"},
    {"peer_container_name", kText, "its container's name"},
    {"peer_container_image", kText, "image of its container"},
    {"peer_pod_name", kText, "its pod's name, in Kubernetes"},
    {"peer_pod_namespace", kText, "its pod's namespace, in Kubernetes"},
    {"peer_unit", kText, "its systemd unit"},
    {"peer_via", kText, "how it was found, or why there is none"},
    {"drop_count", kUnsigned, "packets lost on the interface right before this one"},
});

// They follow the process's own fields (packet/process_fields.h).
constexpr auto kTrafficColumns = std::to_array<Column>({
    {"sent_packets", kUnsigned, "packets that it sent"},
    {"sent_bytes", kUnsigned, "bytes of them on the wire, link layer included"},
    {"received_packets", kUnsigned, "packets that it received"},
    {"received_bytes", kUnsigned, "bytes of them"},
    {"either_packets", kUnsigned, "packets where its end is not known"},
    {"either_bytes", kUnsigned, "bytes of them"},
    {"flows", kUnsigned, "conversations that it took part in"},
    {"peers", kUnsigned,
     "different addresses at the other end of them, where its own end is known"},
    {"first_time", kTime, "its first packet"},
    {"last_time", kTime, "its last packet"},
    {"direct_packets", kUnsigned, "of its packets: found at a socket (socket, lookup, current)"},
    {"inferred_packets", kUnsigned, "of its packets: found in another way (flow, conntrack, …)"},
    {"exit_code", kUnsigned, "with which it ended, if an event tells"},
    {"exit_signal", kText, "that ended it, if an event tells: SIGKILL"},
    {"failed_connections", kUnsigned, "events of connections that failed; null: none"},
    {"dropped_packets", kUnsigned, "events of its packets that were dropped; null: none"},
});

constexpr auto kFlowColumns = std::to_array<Column>({
    {"number", kUnsigned, "from 0, in the order of their first packets"},
    {"protocol", kText, "tcp, udp, icmp, …; a number where it has no name here"},
    {"a_address", kText, "the side that began, as far as the packets show it"},
    {"a_port", kUnsigned, "its port, of TCP, UDP and their like"},
    {"b_address", kText, "the other side"},
    {"b_port", kUnsigned, "its port"},
    {"first_time", kTime, "its first packet"},
    {"last_time", kTime, "its last packet"},
    {"duration_s", kSeconds, "from the first to the last"},
    {"state", kText, "of TCP: opening, established, closing, closed or reset"},
    {"a_packets", kUnsigned, "packets that a sent"},
    {"a_bytes", kUnsigned, "bytes of them on the wire, link layer included"},
    {"b_packets", kUnsigned, "packets that b sent"},
    {"b_bytes", kUnsigned, "bytes of them"},
    {"a_retransmissions", kUnsigned, "of TCP: segments with data, SYN or FIN that a sent again"},
    {"b_retransmissions", kUnsigned, "of TCP: segments with data, SYN or FIN that b sent again"},
    {"rtt_s", kSeconds, "of TCP: from the SYN to the ACK that ends the handshake"},
    {"dns_name", kText,
     "a name that b's address has: of a DNS, mDNS or LLMNR answer, or a name resolution block"},
    {"server_name", kText, "TLS server name that a asked for, over TCP or QUIC"},
    {"http_host", kText, "HTTP host that a asked for"},
    {"a_host", kText, "the host of a's process, if the file names it"},
    {"a_pid", kUnsigned, "the process at a that moved the most bytes"},
    {"a_start_time", kTime, "when it started"},
    {"a_comm", kText, "its name"},
    {"a_exe", kText, "path of its program"},
    {"a_uid", kUnsigned, "its user"},
    {"a_user_name", kText, "name of its user"},
    {"a_container", kText, "its container's id"},
    {"a_container_name", kText, "its container's name"},
    {"a_container_image", kText, "image of its container"},
    {"a_pod_name", kText, "its pod's name, in Kubernetes"},
    {"a_pod_namespace", kText, "its pod's namespace, in Kubernetes"},
    {"a_unit", kText, "its systemd unit"},
    {"a_several", kBoolean, "whether packets name more than one process at a"},
    {"b_host", kText, "the host of b's process"},
    {"b_pid", kUnsigned, "the process at b that moved the most bytes"},
    {"b_start_time", kTime, "when it started"},
    {"b_comm", kText, "its name"},
    {"b_exe", kText, "path of its program"},
    {"b_uid", kUnsigned, "its user"},
    {"b_user_name", kText, "name of its user"},
    {"b_container", kText, "its container's id"},
    {"b_container_name", kText, "its container's name"},
    {"b_container_image", kText, "image of its container"},
    {"b_pod_name", kText, "its pod's name, in Kubernetes"},
    {"b_pod_namespace", kText, "its pod's namespace, in Kubernetes"},
    {"b_unit", kText, "its systemd unit"},
    {"b_several", kBoolean, "whether packets name more than one process at b"},
    {"either_host", kText, "the host of either_pid"},
    {"either_pid", kUnsigned, "the process with the most bytes of those named without their end"},
    {"either_start_time", kTime, "when it started"},
    {"either_comm", kText, "its name"},
    {"either_several", kBoolean, "whether packets name more than one process without its end"},
    {"a_processes", kList, "the processes at a, most bytes first"},
    {"b_processes", kList, "the processes at b, most bytes first"},
    {"either_processes", kList, "the processes without their end, most bytes first"},
    {"dns_question", kText, "of DNS: the first name that is asked for"},
    {"interfaces", kList, "names of the interfaces on which it was seen, in this order, at most 6"},
    {"tunnel", kText, "the tunnel that it came through: kind, id, outer addresses"},
});

bool has_ports(uint8_t protocol) {
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
           protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

void write_address(RowWriter& out, const Flow* flow, size_t side) {
    if (flow == nullptr) {
        out.none();
        out.none();
        return;
    }
    out.own_text(to_text(flow->sides[side].address));
    has_ports(flow->protocol) ? out.number(uint64_t{flow->sides[side].port}) : out.none();
}

// Returns a list of objects, or nothing if there are no processes. The last one has no pid if it
// stands for those that weren't kept.
Value shares_of(const Participants& processes) {
    const std::vector<Participant> all = processes.by_bytes();
    if (all.empty()) {
        return {};
    }
    const auto total = static_cast<double>(processes.bytes());
    List list;
    char before = '[';
    for (const Participant& each : all) {
        const bool known = each.process != nullptr;
        const Process& process = known ? *each.process : nobody();
        const auto member = [&list](std::string_view name, const Value& value) {
            list.json += name;
            append_json(value, list.json);
        };
        const auto text = [](std::string_view value) {
            return value.empty() ? Value() : Value(value);
        };
        list.json += before;
        member("{\"host\":", text(process.host));
        member(",\"pid\":", known ? Value(uint64_t{process.pid}) : Value());
        member(",\"start_time\":", process.start_ns != 0 ? Value(Time{process.start_ns}) : Value());
        member(",\"comm\":", text(process.comm));
        member(",\"bytes\":", Value(each.bytes));
        const double share = total > 0 ? static_cast<double>(each.bytes) / total : 0.0;
        fmt::format_to(std::back_inserter(list.json), ",\"share\":{}}}",
                       std::round(share * 1e4) / 1e4);
        before = ',';
    }
    list.json += ']';
    return list;
}

// Returns a list of names, or nothing if the file has none.
Value interfaces_of(const Flow& flow) {
    List list;
    for (const Interface* interface : flow.seen_on()) {
        if (!interface->name.empty()) {
            list.json += list.json.empty() ? '[' : ',';
            append_json(Value(std::string_view(interface->name)), list.json);
        }
    }
    if (list.json.empty()) {
        return {};
    }
    list.json += ']';
    return list;
}

void write_side(RowWriter& out, const Side& side) {
    const Process* main = side.processes.main();
    const Process& process = main != nullptr ? *main : nobody();
    out.text(process.host);
    main != nullptr ? out.number(uint64_t{process.pid}) : out.none();
    out.start(process.start_ns);
    out.text(process.comm);
    out.text(process.exe);
    out.number(process.uid);
    out.text(process.user);
    out.container(process);
    out.text(process.unit);
    out.boolean(side.processes.several());
}

}  // namespace

std::string protocol_name(uint8_t protocol) {
    switch (protocol) {
        case IPPROTO_ICMP:
            return "icmp";
        case IPPROTO_IGMP:
            return "igmp";
        case IPPROTO_TCP:
            return "tcp";
        case IPPROTO_UDP:
            return "udp";
        case IPPROTO_DCCP:
            return "dccp";
        case IPPROTO_GRE:
            return "gre";
        case IPPROTO_ESP:
            return "esp";
        case IPPROTO_AH:
            return "ah";
        case IPPROTO_ICMPV6:
            return "icmpv6";
        case IPPROTO_SCTP:
            return "sctp";
        case IPPROTO_UDPLITE:
            return "udplite";
        default:
            return std::to_string(protocol);
    }
}

std::span<const Column> packet_columns() {
    return kPacketColumns;
}

void packet_row(const Packet& packet, const FlowTable::Found& found, Row& row,
                uint64_t first_flow) {
    RowWriter out(row, kPacketColumns.size());
    const Flow* flow = found.flow;
    out.number(packet.number);
    out.time(packet.time_ns);
    out.text(packet.interface != nullptr ? std::string_view(packet.interface->name)
                                         : std::string_view());
    out.text(packet::direction_name(packet.direction));
    out.number(uint64_t{packet.wire_length});
    out.number(uint64_t{packet.data.size()});
    flow != nullptr ? out.own_text(protocol_name(flow->protocol)) : out.none();
    write_address(out, flow, static_cast<size_t>(found.side));
    write_address(out, flow, static_cast<size_t>(1 - found.side));
    flow != nullptr ? out.number(first_flow + flow->number) : out.none();
    out.end(packet.self);
    const bool placed = packet.self.process != nullptr && packet.self_at != At::kUnknown;
    out.text(placed ? packet::at_name(packet.self_at) : "");
    out.end(packet.peer);
    out.number(packet.drop_count);
}

std::span<const Column> process_columns() {
    static const std::vector<Column> kColumns = [] {
        std::vector<Column> columns;
        for (const packet::ProcessField& field : packet::process_fields()) {
            columns.push_back(field.column);
        }
        columns.insert(columns.end(), kTrafficColumns.begin(), kTrafficColumns.end());
        return columns;
    }();
    return kColumns;
}

void process_row(const ProcessTraffic& traffic, Row& row) {
    assert(traffic.process != nullptr);
    RowWriter out(row, process_columns().size());
    for (const packet::ProcessField& field : packet::process_fields()) {
        out.value(packet::value_of(*traffic.process, field));
    }
    for (const Amount& amount : {traffic.sent, traffic.received, traffic.either}) {
        out.number(amount.packets);
        out.number(amount.bytes);
    }
    out.number(traffic.flows);
    out.number(traffic.peers);
    out.time(traffic.first_ns);
    out.time(traffic.last_ns);
    out.number(traffic.direct);
    out.number(traffic.inferred);
    out.number(traffic.outcome.exit_code);
    out.text(traffic.outcome.exit_signal);
    out.number_or_none(traffic.outcome.failed_connections);
    out.number_or_none(traffic.outcome.dropped_packets);
}

std::span<const Column> flow_columns() {
    return kFlowColumns;
}

void flow_row(const Flow& flow, Row& row) {
    RowWriter out(row, kFlowColumns.size());
    const bool is_tcp = flow.protocol == IPPROTO_TCP;
    out.number(flow.number);
    out.own_text(protocol_name(flow.protocol));
    write_address(out, &flow, 0);
    write_address(out, &flow, 1);
    out.time(flow.first_ns);
    out.time(flow.last_ns);
    out.seconds(flow.first_ns && flow.last_ns ? std::optional(*flow.last_ns - *flow.first_ns)
                                              : std::nullopt);
    out.text(state_name(flow.state));
    for (const Side& side : flow.sides) {
        out.number(side.packets);
        out.number(side.bytes);
    }
    for (const Side& side : flow.sides) {
        is_tcp ? out.number(side.retransmissions) : out.none();
    }
    out.seconds(flow.handshake_rtt_ns);
    out.text(flow.dns_name);
    out.text(flow.server_name);
    out.text(flow.http_host);
    write_side(out, flow.sides[0]);
    write_side(out, flow.sides[1]);
    const Process* unplaced = flow.either.main();
    const Process& either = unplaced != nullptr ? *unplaced : nobody();
    out.text(either.host);
    unplaced != nullptr ? out.number(uint64_t{either.pid}) : out.none();
    out.start(either.start_ns);
    out.text(either.comm);
    out.boolean(flow.either.several());
    out.value(shares_of(flow.sides[0].processes));
    out.value(shares_of(flow.sides[1].processes));
    out.value(shares_of(flow.either));
    out.text(flow.dns_question);
    out.value(interfaces_of(flow));
    out.text(flow.tunnel);
}

}  // namespace forensics
