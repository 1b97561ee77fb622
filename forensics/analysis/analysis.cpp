// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/analysis.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "forensics/analysis/number_set.h"
#include "packet/event/frame.h"
#include "packet/keyed_hash.h"

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

Amount& amount_of(Unattributed& unattributed, Via via) {
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

const Participants& participants(const Flow& flow, int side) {
    return side == kNoSide ? flow.either : flow.sides[static_cast<size_t>(side)].processes;
}

// A process and an address, for a hash: no padding.
struct Peer {
    uint32_t process = 0;
    uint32_t length = 0;
    std::array<uint8_t, 16> address{};

    Peer(const Process& of, const Address& at)
        : process(of.number), length(at.length), address(at.bytes) {}
};

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
    if (!participants(*flow, side).has(*end.process)) {
        further_.insert({end.process->number, flow->number, side});
    }
}

FlowTable::Found Analysis::add(const Packet& packet) {
    if (packet::is_event(packet)) {
        for (const End* end : {&packet.self, &packet.peer}) {
            if (end->process != nullptr) {
                of(*end->process).outcome.add(packet);
            }
        }
        return {};
    }
    const FlowTable::Found found = flows_.add(packet);
    const Counted& counted = found.counted;
    if (!counted.again) {
        total_.add(packet);
        widen(first_ns_, last_ns_, packet.time_ns);
    }
    if (counted.before) {
        amount_of(unattributed_, counted.before->reason).take_away(counted.before->length);
    }
    if (!packet.attributed()) {
        if (!counted.again) {
            amount_of(unattributed_, reason_of(packet)).add(packet);
        }
        return found;
    }
    Ends ends = counted.ends;
    if (ends.either != nullptr && packet.self.process != nullptr &&
        packet.self.process == packet.peer.process) {
        // The same process is at both ends, so it doesn't matter which end is which.
        ends = {.sender = &packet.self, .receiver = &packet.peer};
    }
    if (ends.sender != nullptr && ends.sender->process != nullptr) {
        add_end(*ends.sender, &ProcessTraffic::sent, packet, found.flow, found.side);
    }
    if (ends.receiver != nullptr && ends.receiver->process != nullptr) {
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
    count_flows();
    count_peers();
}

void Analysis::count_flows() {
    std::vector<uint64_t> latest(processes_.size(), UINT64_MAX);  // its latest conversation
    const auto take = [&](const Process& process, const Flow& flow) {
        if (process.number < latest.size() && latest[process.number] != flow.number) {
            latest[process.number] = flow.number;
            ++processes_[process.number].flows;
        }
    };
    const Flows flows = flows_.flows();
    for (const Flow& flow : flows) {
        for (const int side : {0, 1, kNoSide}) {
            participants(flow, side).each([&](const Participant& one) {
                take(*one.process, flow);
            });
        }
    }
    std::fill(latest.begin(), latest.end(), UINT64_MAX);
    for (const Part& part : further_) {
        const Flow& flow = flows[part.flow];
        const Process& process = *processes_[part.process].process;
        const bool kept = participants(flow, 0).has(process) ||
                          participants(flow, 1).has(process) || flow.either.has(process);
        if (!kept) {
            take(process, flow);
        }
    }
}

void Analysis::count_peers() {
    NumberSet peers;
    const packet::KeyedHash hash;
    const auto take = [&](const Process& process, const Flow& flow, int side) {
        const Address& other = flow.sides[static_cast<size_t>(1 - side)].address;
        if (process.number < processes_.size() && peers.insert(hash(Peer(process, other)))) {
            ++processes_[process.number].peers;
        }
    };
    const Flows flows = flows_.flows();
    for (const Flow& flow : flows) {
        for (const int side : {0, 1}) {
            participants(flow, side).each([&](const Participant& one) {
                take(*one.process, flow, side);
            });
        }
    }
    for (const Part& part : further_) {
        if (part.side != kNoSide) {
            take(*processes_[part.process].process, flows[part.flow], part.side);
        }
    }
}

}  // namespace forensics
