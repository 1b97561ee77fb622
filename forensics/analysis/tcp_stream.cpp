// SPDX-License-Identifier: GPL-2.0-only
#include "forensics/analysis/tcp_stream.h"

namespace forensics {
namespace {

// Wireshark's limits. A segment that repeats, within this time, what duplicate ACKs asked for is a
// fast retransmission.
constexpr uint64_t kFastRetransmissionNs = 20'000'000;
// One that comes this soon after the segment that it precedes, and no later than the handshake
// took, if that is known, is out of order.
constexpr uint64_t kOutOfOrderNs = 3'000'000;

constexpr uint8_t kSynFin = packet::TcpHeader::kSyn | packet::TcpHeader::kFin;
constexpr uint8_t kSynFinRst = kSynFin | packet::TcpHeader::kRst;

// Sequence numbers wrap (RFC 9293, 3.4).
bool before(uint32_t left, uint32_t right) {
    return static_cast<int32_t>(left - right) < 0;
}
bool after(uint32_t left, uint32_t right) {
    return static_cast<int32_t>(right - left) < 0;
}

uint32_t counted(const packet::TcpHeader& header) {
    return (header.flags & kSynFin) != 0 ? 1 : 0;
}

}  // namespace

bool TcpStream::begins_another(const packet::TcpHeader& header, int side) const {
    const Direction& sender = directions_[static_cast<size_t>(side)];
    return header.has(packet::TcpHeader::kSyn) && !header.has(packet::TcpHeader::kAck) &&
           sender.has_base && sender.base != header.sequence;
}

void TcpStream::set_bases(const packet::TcpHeader& header, Direction& sender,
                          Direction& receiver) const {
    const bool syn = header.has(packet::TcpHeader::kSyn);
    if (!sender.has_base || (syn && header.has(packet::TcpHeader::kAck))) {
        sender.base = syn ? header.sequence : header.sequence - 1;
        sender.has_base = true;
    }
    if (!receiver.has_base && header.has(packet::TcpHeader::kAck)) {
        receiver.base = header.acknowledgment - 1;
        receiver.has_base = true;
    }
}

// Recognises window probes and keep-alives, which have an old sequence number but are not
// retransmissions, and counts duplicate ACKs, which reveal fast retransmissions.
TcpStream::Marks TcpStream::look(const packet::TcpHeader& header, uint32_t length,
                                 Direction& sender, const Direction& receiver) {
    Marks marks;
    if (length == 1 && header.sequence == sender.next && receiver.window == 0) {
        marks.zero_window_probe = true;
        return marks;
    }
    const bool plain = (header.flags & kSynFinRst) == 0;
    marks.keep_alive = length <= 1 && header.sequence == sender.next - 1 && plain;
    const bool repeats_ack = length == 0 && header.window == sender.window &&
                             header.sequence == sender.next &&
                             header.acknowledgment == sender.last_ack && plain;
    if (!repeats_ack || header.window == 0 || receiver.keep_alive) {
        return marks;
    }
    sender.duplicate_acks = sender.duplicate_acks == -1 ? 1 : sender.duplicate_acks + 1;
    return marks;
}

bool TcpStream::is_out_of_order(const packet::TcpHeader& header, uint32_t length, uint64_t time_ns,
                                const Direction& sender) const {
    if (time_ns - sender.next_time_ns >= (rtt_ns_ == 0 ? kOutOfOrderNs : rtt_ns_)) {
        return false;
    }
    return sender.next != header.sequence + length + counted(header);
}

bool TcpStream::is_retransmission(const packet::TcpHeader& header, uint32_t length,
                                  uint64_t time_ns, const Direction& sender,
                                  const Direction& receiver) const {
    // Data that the other side has acknowledged.
    if (length > 0 && receiver.last_ack != 0 &&
        !after(header.sequence + length, receiver.last_ack)) {
        return true;
    }
    // New data from the last byte on, which was perhaps a window probe.
    if (sender.next == 0 || !before(header.sequence, sender.next) ||
        (length > 1 && sender.next - 1 == header.sequence)) {
        return false;
    }
    const bool fast = receiver.duplicate_acks >= 2 && receiver.last_ack == header.sequence &&
                      time_ns - receiver.last_time_ns < kFastRetransmissionNs;
    return fast || !is_out_of_order(header, length, time_ns, sender);
}

bool TcpStream::analyze(const packet::TcpHeader& header, uint32_t length, uint64_t time_ns,
                        Direction& sender, Direction& receiver) {
    const Marks marks = look(header, length, sender, receiver);
    if (header.acknowledgment != sender.last_ack) {
        sender.duplicate_acks = 0;
    }
    if (receiver.max_to_be_acked != 0 && header.has(packet::TcpHeader::kAck) &&
        after(header.acknowledgment, receiver.max_to_be_acked)) {
        if (before(receiver.max_to_be_acked, receiver.next)) {
            receiver.max_to_be_acked = receiver.next;
        } else {
            receiver.duplicate_acks = -1;
        }
    }
    const bool occupies = length > 0 || (header.flags & kSynFin) != 0;
    const bool again = occupies && !marks.keep_alive &&
                       is_retransmission(header, length, time_ns, sender, receiver);

    const uint32_t next = header.sequence + length + counted(header);
    if (!marks.zero_window_probe) {
        if (sender.next == 0 || after(next, sender.next)) {
            sender.next = next;
            sender.next_time_ns = time_ns;
        }
        if (sender.max_to_be_acked == 0 || header.sequence == sender.max_to_be_acked) {
            sender.max_to_be_acked = sender.next;
        }
    }
    sender.window = header.window;
    sender.last_ack = header.acknowledgment;
    sender.last_time_ns = time_ns;
    sender.keep_alive = marks.keep_alive;
    return again;
}

void TcpStream::measure_rtt(const packet::TcpHeader& header, uint64_t time_ns, Flow& flow) {
    const bool ack = header.has(packet::TcpHeader::kAck);
    if (header.has(packet::TcpHeader::kSyn)) {
        if (!ack) {
            syn_time_ns_ = time_ns;
            handshake_over_ = false;
        }
        return;
    }
    const bool ends = header.has(packet::TcpHeader::kRst) || header.has(packet::TcpHeader::kFin);
    const bool timed = syn_time_ns_ != 0 && time_ns >= syn_time_ns_;
    if (ack && timed && rtt_ns_ == 0) {
        rtt_ns_ = time_ns - syn_time_ns_;
    }
    if (handshake_over_ || !(ack || ends)) {
        return;
    }
    handshake_over_ = true;
    if (!ends && timed && !flow.handshake_rtt_ns) {
        flow.handshake_rtt_ns = time_ns - syn_time_ns_;
    }
}

void TcpStream::update_state(const packet::TcpHeader& header, uint32_t length, int side,
                             Flow& flow) {
    if (flow.state == FlowState::kReset || flow.state == FlowState::kClosed) {
        return;
    }
    if (header.has(packet::TcpHeader::kRst)) {
        flow.state = FlowState::kReset;
        return;
    }
    if (header.has(packet::TcpHeader::kFin)) {
        directions_[static_cast<size_t>(side)].fin = true;
        flow.state =
            directions_[0].fin && directions_[1].fin ? FlowState::kClosed : FlowState::kClosing;
        return;
    }
    if (flow.state == FlowState::kClosing) {
        return;
    }
    if (header.has(packet::TcpHeader::kSyn)) {
        flow.state = FlowState::kOpening;
    } else if (header.has(packet::TcpHeader::kAck) || length > 0) {
        flow.state = FlowState::kEstablished;
    }
}

// Side 0 begins, as Flow says. A SYN that is repeated after a RST, as Windows does, may still be
// answered. Data of side 1 show that the handshake was complete where only its packets are
// captured; its ACK alone doesn't (RFC 9293, 3.10.7.4: an old connection's challenge ACK).
void TcpStream::follow_handshake(const packet::TcpHeader& header, uint32_t length, int side,
                                 Flow& flow) {
    using Header = packet::TcpHeader;
    Handshake& handshake = flow.handshake;
    const bool open = handshake == Handshake::kUnanswered || handshake == Handshake::kAnswered;
    if (header.has(Header::kRst)) {
        if (open) {
            handshake = side == 1 && handshake == Handshake::kUnanswered ? Handshake::kRefused
                                                                         : Handshake::kAborted;
        }
    } else if (header.has(Header::kSyn)) {
        if (header.has(Header::kAck) && handshake != Handshake::kComplete) {
            handshake = Handshake::kAnswered;
        } else if (handshake == Handshake::kNone && flow.state == FlowState::kNone) {
            handshake = Handshake::kUnanswered;
        }
    } else if (open && (length > 0 || header.has(Header::kFin) ||
                        (side == 0 && header.has(Header::kAck)))) {
        handshake = Handshake::kComplete;
    }
}

void TcpStream::add(const packet::TcpHeader& header, uint32_t length, uint64_t time_ns, int side,
                    Flow& flow) {
    Direction& sender = directions_[static_cast<size_t>(side)];
    Direction& receiver = directions_[static_cast<size_t>(1 - side)];
    if (header.whole) {
        set_bases(header, sender, receiver);
        if (analyze(header, length, time_ns, sender, receiver)) {
            ++flow.sides[static_cast<size_t>(side)].retransmissions;
        }
    }
    measure_rtt(header, time_ns, flow);
    follow_handshake(header, length, side, flow);
    update_state(header, length, side, flow);
}

}  // namespace forensics
