// SPDX-License-Identifier: GPL-2.0-only
//
// A conversation as the packets show it. Passive data, which may be copied bytewise; the names
// belong to the FlowTable, processes and interfaces to the source.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "forensics/analysis/participants.h"
#include "forensics/packet_types.h"
#include "packet/dissect/address.h"

namespace forensics {

// An IPv4 (4 bytes) or IPv6 (16 bytes) address in network order.
using packet::Address;

enum class FlowState : uint8_t {
    kNone,         // a protocol without connections
    kOpening,      // TCP: SYN seen, the handshake isn't complete
    kEstablished,  // handshake complete, or data in the middle of a connection
    kClosing,      // one side has sent FIN
    kClosed,       // both have
    kReset,        // RST
};
const char* state_name(FlowState state);  // "", "opening", "established", "closing", …

// How far the handshake of a TCP connection came. A FlowState says this no more once the connection
// is reset.
enum class Handshake : uint8_t {
    kNone,        // not TCP, or the packets don't show it
    kUnanswered,  // SYN, and nothing of TCP from the other side
    kAnswered,    // SYN with ACK, but the side that began hasn't acknowledged it
    kRefused,     // the other side's answer to the SYN was RST
    kAborted,     // RST of the side that began, or of the other one after its SYN with ACK
    kComplete,
};
// Returns whether the connection never came about, as far as the packets show it.
bool failed(Handshake handshake);

struct Side {
    Address address;
    uint16_t port = 0;      // 0 where the protocol has none
    uint64_t packets = 0;   // sent by this side
    uint64_t bytes = 0;     // on the wire, link layer included, as tshark's conversations count
    uint64_t ip_bytes = 0;  // of the IP packets alone, the innermost: without link layer and tunnel
    // TCP segments with data, SYN or FIN that were sent before: what tshark calls a retransmission,
    // fast retransmission or spurious retransmission. See tcp_stream.h for what differs.
    uint64_t retransmissions = 0;
    // The processes that packets name at this side, with the bytes that each sent and received.
    Participants processes;
};

// A packet that crosses several interfaces counts once: docs/analysis.md has the rule.
//
// sides[0] began the conversation: it is the sender of the SYN; else the client by the ports of the
// first packet, if one is below 1024 or only one is ephemeral (32768 and up); else the sender of
// the first packet.
struct Flow {
    static constexpr size_t kMaxInterfaces = 6;

    uint64_t number = 0;   // from 0, in the order of their first packets
    uint8_t protocol = 0;  // IPPROTO_
    std::array<Side, 2> sides;
    // The processes that packets name without their end (Ends::either).
    Participants either;
    FlowState state = FlowState::kNone;
    Handshake handshake = Handshake::kNone;
    std::array<const Interface*, kMaxInterfaces> interfaces{};  // see seen_on(); null: no more
    bool more_interfaces = false;
    std::optional<uint64_t> first_ns;
    std::optional<uint64_t> last_ns;
    // From the last SYN to the first segment with ACK and without SYN, as tshark's
    // tcp.analysis.initial_rtt; none if a RST or FIN came before that.
    std::optional<uint64_t> handshake_rtt_ns;
    // These may hold any bytes, at most 255; empty: not known.
    std::string_view dns_name;     // of sides[1], from an answer or a block of the file
    std::string_view server_name;  // TLS SNI
    std::string_view http_host;
    std::string_view dns_question;  // the first one of a conversation with a DNS server
    // The tunnel that its packets came through, as the first one has it; empty: none.
    std::string_view tunnel;

    // The interfaces on which it was seen, in this order.
    std::span<const Interface* const> seen_on() const {
        const auto end = std::find(interfaces.begin(), interfaces.end(), nullptr);
        return {interfaces.begin(), end};
    }
};

}  // namespace forensics
