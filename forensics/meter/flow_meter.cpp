// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/meter/flow_meter.h"

#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "packet/event/frame.h"

namespace forensics {
namespace {

constexpr size_t kFewDue = 4096;

}  // namespace

const char* reason_name(RecordReason reason) {
    switch (reason) {
        case RecordReason::kIdle:
            return "idle";
        case RecordReason::kActive:
            return "active";
        case RecordReason::kEnd:
            return "end";
        case RecordReason::kStop:
            return "stop";
        case RecordReason::kLimit:
            return "limit";
    }
    return "";
}

FlowMeter::FlowMeter(const Options& options, Take take)
    : options_(options),
      take_(std::move(take)),
      table_({.bytes_in_memory = FlowTable::kAllInMemory}) {}

uint64_t FlowMeter::timeout_of(const Flow& flow) const {
    switch (flow.state) {
        case FlowState::kEstablished:
        case FlowState::kClosing:
            return std::max(kOpenTcpIdleNs, options_.idle_ns);
        case FlowState::kClosed:
        case FlowState::kReset:
            return kClosedTcpNs;
        case FlowState::kNone:
        case FlowState::kOpening:
            break;
    }
    return options_.idle_ns;
}

uint64_t FlowMeter::due_ns(const Followed& followed) const {
    const uint64_t over = followed.last_ns + followed.timeout_ns;
    return followed.first_ns ? std::min(over, *followed.first_ns + options_.active_ns) : over;
}

// An entry that is too early is put right when its time comes. One of a conversation that has ended
// is passed over then; if most are, they are thrown away.
void FlowMeter::queue(uint32_t slot) {
    if (due_.size() > 4 * count_ + kFewDue) {
        due_ = {};
        for (uint32_t each = newest_; each != kNone; each = followed_[each].older) {
            const Followed& followed = followed_[each];
            if (followed.queued_ns != 0) {
                due_.push({.ns = followed.queued_ns, .number = followed.number, .slot = each});
            }
        }
    }
    Followed& followed = followed_[slot];
    const uint64_t due = due_ns(followed);
    if (followed.queued_ns == 0 || due < followed.queued_ns) {
        followed.queued_ns = due;
        due_.push({.ns = due, .number = followed.number, .slot = slot});
    }
}

void FlowMeter::unlink(uint32_t slot) {
    Followed& followed = followed_[slot];
    (followed.newer != kNone ? followed_[followed.newer].older : newest_) = followed.older;
    (followed.older != kNone ? followed_[followed.older].newer : oldest_) = followed.newer;
    followed.newer = followed.older = kNone;
}

void FlowMeter::touch(uint32_t slot) {
    if (newest_ == slot) {
        return;
    }
    Followed& followed = followed_[slot];
    if (followed.newer != kNone) {
        unlink(slot);
    }
    followed.older = newest_;
    (newest_ != kNone ? followed_[newest_].newer : oldest_) = slot;
    newest_ = slot;
}

void FlowMeter::add(const Packet& packet) {
    if (packet::is_event(packet)) {
        return;
    }
    if (packet.time_ns) {
        advance(*packet.time_ns);
    }
    const FlowTable::Found found = table_.add(packet);
    if (found.flow == nullptr) {
        ++other_packets_;
        return;
    }
    const auto slot = static_cast<uint32_t>(found.flow->number);
    if (slot >= followed_.size()) {
        followed_.resize(slot + size_t{1});
    }
    Followed& followed = followed_[slot];
    const uint64_t time_ns = packet.time_ns.value_or(now_ns_);
    if (!followed.used) {
        followed = {};
        followed.number = next_number_++;
        followed.used = true;
        followed.begin_ns = packet.time_ns;
        ++count_;
    }
    if (!found.counted.again && !followed.first_ns) {
        followed.first_ns = time_ns;
    }
    followed.last_ns = std::max(followed.last_ns, time_ns);
    followed.timeout_ns = timeout_of(*found.flow);
    touch(slot);
    queue(slot);
    if (count_ > options_.most_flows) {
        end(oldest_, RecordReason::kLimit);
    }
}

void FlowMeter::advance(uint64_t now_ns) {
    now_ns_ = std::max(now_ns_, now_ns);
    while (!due_.empty() && due_.top().ns <= now_ns_) {
        const Due due = due_.top();
        due_.pop();
        Followed& followed = followed_[due.slot];
        if (!followed.used || followed.number != due.number || followed.queued_ns != due.ns) {
            continue;
        }
        followed.queued_ns = 0;
        if (due_ns(followed) > due.ns) {
            queue(due.slot);
        } else if (followed.last_ns + followed.timeout_ns <= due.ns) {
            end(due.slot, RecordReason::kIdle);
        } else {
            hand_out(due.slot, RecordReason::kActive);
            queue(due.slot);
        }
    }
}

void FlowMeter::hand_out(uint32_t slot, RecordReason reason) {
    Followed& followed = followed_[slot];
    FlowRecord record{.sequence = next_sequence_++,
                      .part = followed.part++,
                      .reason = reason,
                      .begin_ns = followed.begin_ns,
                      .flow = table_.flow(slot)};
    record.flow.number = followed.number;
    const FlowState state = record.flow.state;
    if ((reason == RecordReason::kIdle || reason == RecordReason::kStop) &&
        (state == FlowState::kClosed || state == FlowState::kReset)) {
        record.reason = RecordReason::kEnd;
    }
    for (size_t i = 0; i < record.flow.sides.size(); ++i) {
        Side& side = record.flow.sides[i];
        const Counts before = std::exchange(
            followed.reported[i], {side.packets, side.bytes, side.ip_bytes, side.retransmissions});
        side.packets -= before.packets;
        side.bytes -= before.bytes;
        side.ip_bytes -= before.ip_bytes;
        side.retransmissions -= before.retransmissions;
    }
    if (!followed.first_ns || !followed.begin_ns) {
        record.flow.first_ns.reset();
        record.flow.last_ns.reset();
    } else {
        record.flow.first_ns = followed.first_ns;
    }
    followed.first_ns.reset();
    take_(record);
}

void FlowMeter::end(uint32_t slot, RecordReason reason) {
    hand_out(slot, reason);
    unlink(slot);
    table_.forget(slot);
    followed_[slot] = {};
    --count_;
}

void FlowMeter::finish() {
    while (oldest_ != kNone) {
        end(oldest_, RecordReason::kStop);
    }
}

void FlowMeter::each_process(const std::function<void(const Process* process)>& use) const {
    const Flows flows = table_.flows();
    for (uint32_t slot = newest_; slot != kNone; slot = followed_[slot].older) {
        const Flow& flow = flows[slot];
        for (const Participants* processes :
             {&flow.sides[0].processes, &flow.sides[1].processes, &flow.either}) {
            processes->each([&](const Participant& one) { use(one.process); });
        }
    }
}

}  // namespace forensics
