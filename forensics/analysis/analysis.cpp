// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/analysis.h"

#include <algorithm>
#include <array>
#include <utility>

namespace forensics {
namespace {

constexpr int kNoSide = 2;

void widen(std::optional<uint64_t>& first, std::optional<uint64_t>& last,
           const std::optional<uint64_t>& time) {
    if (time) {
        first = std::min(first.value_or(*time), *time);
        last = std::max(last.value_or(*time), *time);
    }
}

Amount& reason_of(Unattributed& unattributed, Via via) {
    switch (via) {
        case Via::kUnrecorded:
            return unattributed.silent;
        case Via::kKernel:
            return unattributed.kernel;
        case Via::kForwarded:
            return unattributed.forwarded;
        default:
            return unattributed.unknown;
    }
}

}  // namespace

ProcessTraffic& Analysis::of(const Process& process) {
    if (process.number >= processes_.size()) {
        processes_.resize(process.number + 1);
    }
    ProcessTraffic& traffic = processes_[process.number];
    traffic.process = &process;
    return traffic;
}

void Analysis::add_end(const End& end, Amount ProcessTraffic::*amount, const Packet& packet,
                       const Flow* flow, int side) {
    ProcessTraffic& traffic = of(*end.process);
    (traffic.*amount).add(packet);
    widen(traffic.first_ns, traffic.last_ns, packet.time_ns);
    if (packet::is_direct(end.via)) {
        ++traffic.direct;
    } else if (end.via != Via::kUnrecorded) {
        ++traffic.inferred;
    }
    if (flow == nullptr) {
        return;
    }
    const Process* named =
        (side == kNoSide ? flow->either : flow->sides[static_cast<size_t>(side)].processes).first();
    if (named != end.process) {
        further_.insert({end.process->number, flow->number, side});
    }
}

FlowTable::Found Analysis::add(const Packet& packet) {
    total_.add(packet);
    widen(first_ns_, last_ns_, packet.time_ns);
    const FlowTable::Found found = flows_.add(packet);
    if (!packet.attributed()) {
        const bool here = packet.self.via != Via::kUnrecorded;
        reason_of(unattributed_, here ? packet.self.via : packet.peer.via).add(packet);
        return found;
    }
    Ends ends = ends_of(packet);
    if (ends.either != nullptr && packet.self.process != nullptr &&
        packet.self.process == packet.peer.process) {
        // The same process is at both ends, so it doesn't matter which end is which.
        ends = {.sender = &packet.self, .receiver = &packet.peer};
    }
    if (ends.sender != nullptr) {
        add_end(*ends.sender, &ProcessTraffic::sent, packet, found.flow, found.side);
    }
    if (ends.receiver != nullptr) {
        add_end(*ends.receiver, &ProcessTraffic::received, packet, found.flow, 1 - found.side);
    }
    if (ends.either != nullptr) {
        for (const End* end : {&packet.self, &packet.peer}) {
            if (end->process != nullptr) {
                add_end(*end, &ProcessTraffic::either, packet, found.flow, kNoSide);
            }
        }
    }
    return found;
}

void Analysis::finish(std::span<const packet::NamedAddress> names) {
    flows_.finish(names);
    const std::deque<Flow>& flows = flows_.flows();
    std::vector<std::pair<uint32_t, uint64_t>> conversations;  // process, flow
    std::vector<std::pair<uint32_t, std::pair<uint8_t, std::array<uint8_t, 16>>>> peers;
    auto take = [&](const Process* process, const Flow& flow, int side) {
        if (process == nullptr) {
            return;
        }
        conversations.emplace_back(process->number, flow.number);
        if (side != kNoSide) {
            const Address& other = flow.sides[static_cast<size_t>(1 - side)].address;
            peers.emplace_back(process->number, std::pair(other.length, other.bytes));
        }
    };
    for (const Flow& flow : flows) {
        take(flow.sides[0].processes.first(), flow, 0);
        take(flow.sides[1].processes.first(), flow, 1);
        take(flow.either.first(), flow, kNoSide);
    }
    for (const Part& part : further_) {
        if (const Process* process = processes_[part.process].process) {
            take(process, flows[part.flow], part.side);
        }
    }
    auto count = [this](auto& pairs, uint64_t ProcessTraffic::*counter) {
        std::sort(pairs.begin(), pairs.end());
        pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
        for (const auto& pair : pairs) {
            if (pair.first < processes_.size()) {
                ++(processes_[pair.first].*counter);
            }
        }
    };
    count(conversations, &ProcessTraffic::flows);
    count(peers, &ProcessTraffic::peers);
}

}  // namespace forensics
