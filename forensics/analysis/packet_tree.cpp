// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/packet_tree.h"

#include <algorithm>
#include <utility>

#include "packet/event/frame.h"
#include "packet/line/process_ends.h"
#include "packet/line/terminal_text.h"

namespace forensics {
namespace {

using pcapng::Result;

constexpr size_t kStep = 2;      // columns for each generation
constexpr size_t kDeepest = 30;  // the most generations that are indented

std::string indent_of(size_t depth) {
    return std::string(kStep * std::min(depth, kDeepest), ' ');
}

}  // namespace

size_t PacketTree::group_of(const Packet& packet) {
    const Process* process =
        packet.self.process != nullptr ? packet.self.process : packet.peer.process;
    if (process != nullptr) {
        return kReasons.size() + process->number;
    }
    const auto* reason = std::find(kReasons.begin(), kReasons.end(), packet.self.via);
    return static_cast<size_t>(std::min(reason, kReasons.end() - 1) - kReasons.begin());
}

Result<void> PacketTree::add(const Packet& packet) {
    const size_t group = group_of(packet);
    if (group >= counts_.size()) {
        counts_.resize(group + 1);
    }
    Count& count = counts_[group];
    if (packet::is_event(packet)) {
        count.events++;
    } else {
        count.packets++;
        count.bytes += packet.wire_length;
    }
    buffer_.clear();
    line_.append(buffer_, packet);
    return lines_.add(group, {buffer_.data(), buffer_.size()});
}

size_t PacketTree::node_of(const packet::Ancestry::Parent& parent, const std::string& host,
                           bool& found) {
    const auto place = [&](auto& index, auto key) {
        const auto [at, is_new] = index.try_emplace(std::move(key), nodes_.size());
        found = !is_new;
        if (is_new) {
            nodes_.push_back({parent.process, parent.pid, parent.comm, parent.pidns, {}, walk_});
        }
        return at->second;
    };
    if (parent.process != nullptr) {
        return place(by_number_, parent.process->number);
    }
    return place(by_name_, std::tuple(host, parent.pid, parent.pidns, std::string(parent.comm)));
}

// Adds the process and its ancestors, up to one that is in the tree already.
void PacketTree::place(const Process& process) {
    walk_++;
    bool found = false;
    size_t node =
        node_of(packet::Ancestry::Parent{{process.pid, process.comm, process.pidns}, &process},
                process.host, found);
    const Process* at = &process;
    while (!found) {
        const auto parent =
            at == nullptr ? std::optional<packet::Ancestry::Parent>() : ancestry_->parent_of(*at);
        if (!parent) {
            roots_.push_back(node);
            return;
        }
        const size_t above = node_of(*parent, at->host, found);
        if (found && nodes_[above].walk == walk_) {  // parents in a circle
            roots_.push_back(node);
            return;
        }
        nodes_[above].children.push_back(node);
        node = above;
        at = parent->process;
    }
}

std::string PacketTree::heading(const Node& node) const {
    fmt::memory_buffer text;
    const std::string_view comm =
        node.process != nullptr ? std::string_view(node.process->comm) : node.comm;
    packet::append_process_name(text, packet::ParentRecord{node.pid, comm, node.pidns},
                                style_.color);
    const auto append_attribute = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) {
            fmt::format_to(std::back_inserter(text), " {}=", name);
            packet::append_word(text, value);
        }
    };
    if (node.process != nullptr) {
        if (node.process->host != source_.host()) {  // which one host of all needs not
            append_attribute("host", node.process->host);
        }
        append_attribute("exe", node.process->exe);
        const std::optional<uint32_t> uid = node.process->uid;
        const bool number = style_.numeric || node.process->user.empty();
        append_attribute(number ? "uid" : "user", !number ? node.process->user
                                                  : uid   ? fmt::to_string(*uid)
                                                          : "");
    }
    return fmt::to_string(text);
}

Result<bool> PacketTree::print_group(size_t group, std::string_view heading, size_t depth,
                                     packet::TextOutput& out) {
    const Count count = group < counts_.size() ? counts_[group] : Count{};
    out.text() += indent_of(depth);
    out.text() += heading;
    if (count.packets > 0) {
        out.text() += fmt::format(": {} packet{}, {} bytes", count.packets,
                                  count.packets == 1 ? "" : "s", count.bytes);
    }
    if (count.events > 0) {
        out.text() += fmt::format("{} {} event{}", count.packets > 0 ? "," : ":", count.events,
                                  count.events == 1 ? "" : "s");
    }
    out.text() += '\n';
    return lines_.print(group, indent_of(depth + 1), out);
}

Result<bool> PacketTree::print_node(const Node& node, size_t depth, packet::TextOutput& out) {
    // A parent that only its child records has no group; use a number that no group has.
    const size_t group = node.process != nullptr ? kReasons.size() + node.process->number
                                                 : kReasons.size() + processes_.size();
    return print_group(group, heading(node), depth, out);
}

Result<bool> PacketTree::print(packet::TextOutput& out) {
    ancestry_.emplace(processes_);
    for (const Process& process : processes_) {
        const size_t group = kReasons.size() + process.number;
        if (group < counts_.size() && counts_[group].any()) {
            place(process);
        }
    }
    std::vector<std::pair<size_t, size_t>> open;  // node and depth; the next one last
    const auto push = [&](const std::vector<size_t>& nodes, size_t depth) {
        for (size_t left = nodes.size(); left > 0; left--) {
            open.emplace_back(nodes[left - 1], depth);
        }
    };
    push(roots_, 0);
    while (!open.empty()) {
        const auto [node, depth] = open.back();
        open.pop_back();
        const auto printed = print_node(nodes_[node], depth, out);
        if (!printed || !*printed) {
            return printed;
        }
        push(nodes_[node].children, depth + 1);
    }
    for (size_t reason = 0; reason < kReasons.size() && reason < counts_.size(); reason++) {
        if (!counts_[reason].any()) {
            continue;
        }
        const std::string name = kReasons[reason] == Via::kUnrecorded
                                     ? "(no process recorded)"
                                     : fmt::format("({})", packet::via_name(kReasons[reason]));
        const auto printed = print_group(reason, name, 0, out);
        if (!printed || !*printed) {
            return printed;
        }
    }
    return true;
}

}  // namespace forensics
