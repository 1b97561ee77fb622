// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/top_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "packet/dissect/address.h"
#include "packet/line/display_width.h"

namespace cmd {
namespace {

std::string place_of(const packet::Process& process) {
    constexpr size_t kShortId = 12;  // as docker ps shows it
    if (!process.container_name.empty()) {
        return std::string(process.container_name.view());
    }
    if (!process.container.empty()) {
        return process.container.substr(0, kShortId);
    }
    return process.unit.empty() ? process.user : process.unit;
}

std::string name_of(const TrafficOwner& owner, const packet::Process& process) {
    return owner.process ? process.comm : fmt::format("({})", packet::via_name(owner.via));
}

std::string id_of(const TrafficOwner& owner) {
    return owner.process ? fmt::format("p{}", *owner.process)
                         : fmt::format("v{}", static_cast<int>(owner.via));
}

packet::Address address_of(const Traffic::Key& key, bool is_local) {
    return {is_local ? key.local : key.remote, key.length};
}

std::string endpoint_text(const Traffic::Key& key, bool is_local) {
    const uint16_t port = is_local ? key.local_port : key.remote_port;
    if (key.length == 0) {
        return {};
    }
    const packet::Address address = address_of(key, is_local);
    return port == 0 ? packet::to_text(address) : packet::to_text(address, port);
}

std::string protocol_text(const Traffic::Key& key) {
    switch (key.protocol) {
        case 1:
            return "ICMP";
        case 6:
            return "TCP";
        case 17:
            return "UDP";
        case 58:
            return "ICMP6";
        case 132:
            return "SCTP";
        default:
            return key.length == 0 ? "other" : fmt::format("{}", key.protocol);
    }
}

TopRow owner_row(const TrafficOwner& owner, const OwnerTraffic& traffic) {
    TopRow row;
    row.id = id_of(owner);
    row.process = owner.process;
    row.pid = traffic.process.pid;
    row.name = name_of(owner, traffic.process);
    row.place = place_of(traffic.process);
    row.command = packet::joined_arguments(traffic.process);
    row.now = traffic.now;
    row.total = traffic.total;
    row.conversations = traffic.conversations;
    row.round_trip_us = traffic.round_trip_us;
    row.usage = traffic.usage;
    return row;
}

std::vector<TopRow> process_rows(const Traffic& traffic) {
    std::vector<TopRow> rows;
    for (const auto& [owner, entry] : traffic.owners()) {
        if (entry.has_traffic) {
            rows.push_back(owner_row(owner, entry));
        }
    }
    return rows;
}

std::vector<TopRow> conversation_rows(const Traffic& traffic) {
    std::vector<TopRow> rows;
    for (const auto& [key, entry] : traffic.conversations()) {
        const auto owner = traffic.owners().find(key.owner);
        const packet::Process none;
        const packet::Process& process =
            owner != traffic.owners().end() ? owner->second.process : none;
        TopRow& row = rows.emplace_back();
        row.protocol = protocol_text(key);
        row.local = endpoint_text(key, true);
        row.remote = endpoint_text(key, false);
        if (entry.peer) {
            row.peer = fmt::format("{}[{}]", entry.peer->comm, entry.peer->pid);
        }
        row.id = fmt::format("{} {} {} {} {}", id_of(key.owner), key.netns, row.protocol, row.local,
                             row.remote);
        row.process = key.owner.process;
        row.pid = process.pid;
        row.name = name_of(key.owner, process);
        row.place = place_of(process);
        row.command = packet::joined_arguments(process);
        row.now = entry.now;
        row.total = entry.total;
        row.round_trip_us = entry.round_trip_us;
    }
    return rows;
}

std::vector<TopRow> remote_rows(const Traffic& traffic) {
    struct Sum {
        TopRow row;
        std::set<TrafficOwner> owners;
        uint64_t most = 0;  // packets of the conversation with the round trip
    };
    std::map<std::string, Sum> sums;
    for (const auto& [key, entry] : traffic.conversations()) {
        const std::string address =
            key.length == 0 ? "(not IP)" : packet::to_text(address_of(key, false));
        Sum& sum = sums[address];
        sum.row.id = sum.row.remote = address;
        sum.row.now += entry.now;
        sum.row.total += entry.total;
        const uint64_t packets = entry.now.both().packets;
        sum.row.conversations += packets > 0 ? 1 : 0;
        sum.owners.insert(key.owner);
        if (entry.round_trip_us != 0 && packets >= sum.most) {
            sum.most = packets;
            sum.row.round_trip_us = entry.round_trip_us;
        }
        const auto owner = traffic.owners().find(key.owner);
        if (owner != traffic.owners().end() && sum.row.name.empty()) {
            sum.row.name = name_of(key.owner, owner->second.process);
        }
    }
    std::vector<TopRow> rows;
    for (auto& [address, sum] : sums) {
        sum.row.processes = sum.owners.size();
        if (sum.row.processes > 1) {
            sum.row.name += fmt::format(" and {} more", sum.row.processes - 1);
        }
        rows.push_back(std::move(sum.row));
    }
    return rows;
}

// Larger is first.
double weight_of(const TopRow& row, TopSort sort) {
    const auto number = [](uint64_t value) { return static_cast<double>(value); };
    switch (sort) {
        case TopSort::kRate:
            return number(row.now.both().bytes);
        case TopSort::kOut:
            return number(row.now.out.bytes);
        case TopSort::kIn:
            return number(row.now.in.bytes);
        case TopSort::kPackets:
            return number(row.now.both().packets);
        case TopSort::kTotal:
            return number(row.total.both().bytes);
        case TopSort::kRetransmissions:
            return number(row.total.retransmissions);
        case TopSort::kRoundTrip:
            return row.round_trip_us;
        case TopSort::kCpu:
            return row.usage ? row.usage->cpu_percent : -1;
        case TopSort::kMemory:
            return row.usage ? number(row.usage->memory_bytes) : -1;
        case TopSort::kPid:
            return -number(row.pid);
        case TopSort::kName:
            break;
    }
    return 0;
}

// What is equal goes by the sums since the beginning, so that idle rows keep an order.
bool is_before(const TopRow& one, const TopRow& other, TopSort sort) {
    if (sort == TopSort::kName && one.name != other.name) {
        return one.name < other.name;
    }
    const auto key = [&](const TopRow& row) {
        return std::tuple<double, double, const std::string&>(
            -weight_of(row, sort), -static_cast<double>(row.total.both().bytes), row.id);
    };
    return key(one) < key(other);
}

void sort_rows(std::vector<TopRow>& rows, TopSort sort) {
    std::ranges::sort(
        rows, [&](const TopRow& one, const TopRow& other) { return is_before(one, other, sort); });
}

class Tree {
  public:
    Tree(const Traffic& traffic, TopSort sort) : traffic_(traffic), sort_(sort) {
        for (const auto& [owner, entry] : traffic.owners()) {
            const bool has_parent =
                entry.parent && traffic.owners().contains(TrafficOwner{*entry.parent});
            children_[has_parent ? entry.parent : std::nullopt].push_back(&owner);
        }
    }

    std::vector<TopRow> rows() {
        std::vector<TopRow> all;
        append(below(std::nullopt, 0), all);
        return all;
    }

  private:
    struct Node {
        TopRow row;
        std::vector<Node> children;
    };

    std::vector<Node> below(std::optional<uint32_t> parent, size_t depth) {
        std::vector<Node> nodes;
        for (const TrafficOwner* owner : children_[parent]) {
            Node& node = nodes.emplace_back();
            node.row = owner_row(*owner, traffic_.owners().at(*owner));
            node.row.depth = depth;
            if (!owner->process || depth >= packet::Ancestry::kDeepest) {
                continue;
            }
            node.children = below(owner->process, depth + 1);
            for (const Node& child : node.children) {
                node.row.now += child.row.now;
                node.row.total += child.row.total;
                node.row.conversations += child.row.conversations;
            }
        }
        std::ranges::sort(nodes, [&](const Node& one, const Node& other) {
            return is_before(one.row, other.row, sort_);
        });
        return nodes;
    }

    static void append(std::vector<Node> nodes, std::vector<TopRow>& to) {
        for (Node& node : nodes) {
            to.push_back(std::move(node.row));
            append(std::move(node.children), to);
        }
    }

    const Traffic& traffic_;
    TopSort sort_;
    std::map<std::optional<uint32_t>, std::vector<const TrafficOwner*>> children_;
};

std::string rate_text(uint64_t amount, double seconds) {
    return amount == 0 || seconds <= 0 ? "0" : short_size(static_cast<double>(amount) / seconds);
}

// Packets are counted in thousands.
std::string packet_rate_text(uint64_t packets, double seconds) {
    const double rate = seconds > 0 ? static_cast<double>(packets) / seconds : 0;
    if (rate < 9999.5) {
        return fmt::format("{:.0f}", rate);
    }
    return rate < 999'500 ? fmt::format("{:.0f}k", rate / 1e3) : fmt::format("{:.1f}M", rate / 1e6);
}

std::string round_trip_text(uint32_t us) {
    if (us == 0) {
        return {};
    }
    if (us < 1000) {
        return fmt::format("{}us", us);
    }
    const double ms = us / 1e3;
    if (ms < 9.95) {
        return fmt::format("{:.1f}ms", ms);
    }
    return ms < 999.5 ? fmt::format("{:.0f}ms", ms) : fmt::format("{:.1f}s", ms / 1e3);
}

// As wide as the column is to be, so that it doesn't change its place when the numbers do.
Cell number(std::string text, size_t width) {
    return {fmt::format("{:>{}}", text, width)};
}

constexpr size_t kNameWidth = 15;
constexpr size_t kShortNameWidth = 12;
constexpr size_t kRateWidth = 5;
constexpr size_t kCountWidth = 4;
constexpr size_t kPidWidth = 7;

Cell name_cell(const TopRow& row, size_t width) {
    const std::string indent(std::min<size_t>(row.depth, width), ' ');
    std::string name = indent + cell_text(row.name, width);
    name.append(width - std::min(packet::display_width(name), width), ' ');
    return {std::move(name)};
}

Cell pid_cell(const TopRow& row) {
    return number(row.pid != 0 ? std::to_string(row.pid) : std::string(), kPidWidth);
}

Cell rate_cell(const capture::Amount& amount, double seconds) {
    return number(rate_text(amount.bytes, seconds), kRateWidth);
}

Cell cpu_cell(const std::optional<ProcessUsage>& usage) {
    if (!usage) {
        return number({}, kRateWidth);
    }
    return number(usage->ended ? "ended" : fmt::format("{:.1f}", usage->cpu_percent), kRateWidth);
}

Cell memory_cell(const std::optional<ProcessUsage>& usage) {
    const bool is_known = usage && !usage->ended;
    return number(is_known ? short_size(static_cast<double>(usage->memory_bytes)) : std::string(),
                  kCountWidth);
}

constexpr std::array<Heading, 12> kProcessHeadings{{{"PID", true},
                                                    {"PROCESS"},
                                                    {"OUT/s", true},
                                                    {"IN/s", true},
                                                    {"PKT/s", true},
                                                    {"CONV", true},
                                                    {"RETR", true},
                                                    {"RTT", true},
                                                    {"CPU%", true},
                                                    {"MEM", true},
                                                    {"PLACE"},
                                                    {"COMMAND"}}};
constexpr std::array<Heading, 12> kConversationHeadings{{{"PID", true},
                                                         {"PROCESS"},
                                                         {"PROT"},
                                                         {"OUT/s", true},
                                                         {"IN/s", true},
                                                         {"RTT", true},
                                                         {"REMOTE"},
                                                         {"PEER"},
                                                         {"LOCAL"},
                                                         {"PKT/s", true},
                                                         {"RETR", true},
                                                         {"TOTAL", true}}};
constexpr std::array<Heading, 9> kRemoteHeadings{{{"REMOTE"},
                                                  {"OUT/s", true},
                                                  {"IN/s", true},
                                                  {"PKT/s", true},
                                                  {"CONV", true},
                                                  {"RETR", true},
                                                  {"RTT", true},
                                                  {"TOTAL", true},
                                                  {"PROCESSES"}}};

}  // namespace

std::string short_size(double bytes) {
    static constexpr std::string_view kUnits = "KMGTPE";
    if (bytes < 999.5) {
        return fmt::format("{:.0f}", bytes);
    }
    size_t unit = 0;
    for (bytes /= 1024; bytes >= 999.5 && unit + 1 < kUnits.size(); unit++) {
        bytes /= 1024;
    }
    return bytes < 9.95 ? fmt::format("{:.1f}{}", bytes, kUnits[unit])
                        : fmt::format("{:.0f}{}", bytes, kUnits[unit]);
}

std::vector<TopRow> top_rows(const Traffic& traffic, TopView view, TopSort sort) {
    std::vector<TopRow> rows;
    switch (view) {
        case TopView::kProcesses:
            rows = process_rows(traffic);
            break;
        case TopView::kTree:
            return Tree(traffic, sort).rows();
        case TopView::kConversations:
            rows = conversation_rows(traffic);
            break;
        case TopView::kRemotes:
            rows = remote_rows(traffic);
            break;
    }
    sort_rows(rows, sort);
    return rows;
}

std::span<const Heading> top_headings(TopView view) {
    switch (view) {
        case TopView::kConversations:
            return kConversationHeadings;
        case TopView::kRemotes:
            return kRemoteHeadings;
        case TopView::kProcesses:
        case TopView::kTree:
            break;
    }
    return kProcessHeadings;
}

std::vector<Cell> top_cells(const TopRow& row, TopView view, double seconds) {
    const Cell out = rate_cell(row.now.out, seconds);
    const Cell in = rate_cell(row.now.in, seconds);
    const Cell packets = number(packet_rate_text(row.now.both().packets, seconds), kRateWidth);
    const Cell conversations = number(std::to_string(row.conversations), kCountWidth);
    const Cell retransmissions =
        number(packet_rate_text(row.total.retransmissions, 1), kCountWidth);
    const Cell round_trip = number(round_trip_text(row.round_trip_us), kRateWidth);
    const Cell total = number(short_size(static_cast<double>(row.total.both().bytes)), kRateWidth);
    switch (view) {
        case TopView::kConversations:
            return {pid_cell(row),
                    name_cell(row, kShortNameWidth),
                    {row.protocol},
                    out,
                    in,
                    round_trip,
                    {row.remote},
                    {cell_text(row.peer, 25)},
                    {row.local},
                    packets,
                    retransmissions,
                    total};
        case TopView::kRemotes:
            return {{row.remote}, out,           in,
                    packets,      conversations, retransmissions,
                    round_trip,   total,         {cell_text(row.name)}};
        case TopView::kProcesses:
        case TopView::kTree:
            break;
    }
    return {pid_cell(row),
            name_cell(row, kNameWidth),
            out,
            in,
            packets,
            conversations,
            retransmissions,
            round_trip,
            cpu_cell(row.usage),
            memory_cell(row.usage),
            {cell_text(row.place, 20)},
            {cell_text(row.command, 200)}};
}

}  // namespace cmd
