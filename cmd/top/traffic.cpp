// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top/traffic.h"

#include <algorithm>
#include <set>
#include <vector>

namespace cmd {
namespace {

using capture::CountedConversation;

Traffic::Key key_of(const CountedConversation& counted, const TrafficOwner& owner) {
    const capture::Conversation& conversation = counted.conversation;
    return {.owner = owner,
            .netns = conversation.netns,
            .protocol = conversation.protocol,
            .length = conversation.local.length,
            .local = conversation.local.bytes,
            .remote = conversation.remote.bytes,
            .local_port = conversation.local_port,
            .remote_port = conversation.remote_port};
}

TrafficOwner owner_key(const CountedConversation& counted) {
    if (counted.process != nullptr) {
        return {counted.process->number, packet::Via::kUnrecorded};
    }
    return {std::nullopt, counted.via};
}

// The socket counts from the connection's beginning on. What it had counted before we saw it isn't
// ours; a smaller number is another connection with the same addresses and ports.
uint64_t new_retransmissions(const capture::TcpState& tcp, std::optional<uint32_t> before) {
    if (!before) {
        return tcp.retransmissions - std::min(tcp.first_retransmissions, tcp.retransmissions);
    }
    return *before <= tcp.retransmissions ? tcp.retransmissions - *before : tcp.retransmissions;
}

}  // namespace

TrafficSums& TrafficSums::operator+=(const TrafficSums& other) {
    out += other.out;
    in += other.in;
    retransmissions += other.retransmissions;
    return *this;
}

void Traffic::add_ancestors(const packet::Process& child, OwnerTraffic& entry,
                            const ParentOf& parent_of) {
    const packet::Process* at = &child;
    OwnerTraffic* of = &entry;
    for (int depth = 0; depth < packet::Ancestry::kDeepest; depth++) {
        const auto parent = parent_of(*at);
        if (!parent || parent->process == nullptr) {
            return;
        }
        of->parent = parent->process->number;
        const auto [place, is_new] = owners_.try_emplace(TrafficOwner{parent->process->number});
        of = &place->second;
        if (!is_new && of->process.version == parent->process->version) {
            return;
        }
        of->process = *parent->process;
        at = parent->process;
    }
}

OwnerTraffic& Traffic::owner_of(const CountedConversation& counted, const ParentOf& parent_of) {
    const auto [place, is_new] = owners_.try_emplace(owner_key(counted));
    OwnerTraffic& entry = place->second;
    if (counted.process != nullptr &&
        (is_new || entry.process.version != counted.process->version)) {
        entry.process = *counted.process;
        add_ancestors(*counted.process, entry, parent_of);
    }
    entry.has_traffic = true;
    entry.last_interval = interval_;
    return entry;
}

void Traffic::add_conversation(const CountedConversation& counted, const ParentOf& parent_of) {
    OwnerTraffic& owner = owner_of(counted, parent_of);
    ConversationTraffic& entry = conversations_[key_of(counted, owner_key(counted))];
    TrafficSums sums{counted.out, counted.in, 0};
    if (counted.tcp) {
        sums.retransmissions = new_retransmissions(*counted.tcp, entry.retransmissions);
        entry.retransmissions = counted.tcp->retransmissions;
        entry.round_trip_us = counted.tcp->round_trip_us;
    }
    if (counted.peer != nullptr) {
        const packet::Process& peer = *counted.peer;
        entry.peer = TrafficPeer{peer.pid, peer.start_ns, peer.comm};
    } else if (entry.last_interval != interval_) {
        entry.peer.reset();
    }
    entry.now += sums;
    entry.total += sums;
    entry.last_interval = interval_;
    owner.now += sums;
    owner.total += sums;
    owner.conversations++;
}

void Traffic::add(const capture::Counts& counts, const ParentOf& parent_of,
                  const UsageOf& usage_of) {
    interval_++;
    for (auto& [key, entry] : owners_) {
        entry.now = {};
        entry.conversations = 0;
        entry.round_trip_us = 0;
    }
    for (auto& [key, entry] : conversations_) {
        entry.now = {};
    }
    std::map<TrafficOwner, uint64_t> most;  // packets of the connection with the round trip
    for (const CountedConversation& counted : counts.conversations) {
        add_conversation(counted, parent_of);
        const uint64_t packets = counted.out.packets + counted.in.packets;
        if (uint64_t& known = most[owner_key(counted)];
            counted.tcp && counted.tcp->round_trip_us != 0 && packets > known) {
            known = packets;
            owners_[owner_key(counted)].round_trip_us = counted.tcp->round_trip_us;
        }
    }
    for (auto& [key, entry] : owners_) {
        if (key.process && entry.has_traffic && !has_ended(entry)) {
            entry.usage = usage_of(*key.process);
        }
    }
    latest_ = counts;
    latest_.conversations.clear();
    uncounted_ += counts.uncounted;
    forget_idle();
}

void Traffic::forget_idle() {
    const auto is_idle = [this](uint64_t last) { return interval_ - last >= kForget; };
    std::erase_if(conversations_,
                  [&](const auto& each) { return is_idle(each.second.last_interval); });
    if (conversations_.size() > kConversations) {
        std::vector<uint64_t> last;
        for (const auto& [key, entry] : conversations_) {
            last.push_back(entry.last_interval);
        }
        const auto limit = last.end() - static_cast<std::ptrdiff_t>(kConversations);
        std::ranges::nth_element(last, limit);
        std::erase_if(conversations_, [&, oldest = *limit](const auto& each) {
            return each.second.last_interval < oldest;
        });
    }
    std::erase_if(owners_, [&](const auto& each) {
        const auto& [key, entry] = each;
        return entry.has_traffic && has_ended(entry) && is_idle(entry.last_interval);
    });
    // Ancestors stay as long as a process below them does.
    std::set<uint32_t> needed;
    for (const auto& [key, entry] : owners_) {
        for (auto parent = entry.has_traffic ? entry.parent : std::nullopt;
             parent && needed.insert(*parent).second;) {
            const auto found = owners_.find(TrafficOwner{*parent});
            parent = found != owners_.end() ? found->second.parent : std::nullopt;
        }
    }
    std::erase_if(owners_, [&](const auto& each) {
        return !each.second.has_traffic && !needed.contains(each.first.process.value_or(0));
    });
}

}  // namespace cmd
