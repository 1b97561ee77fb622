// SPDX-License-Identifier: GPL-2.0-only
//
// A conversation as the packets show it. Passive data; the names belong to the FlowTable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

struct Side {
    Address address;
    uint16_t port = 0;     // 0 where the protocol has none
    uint64_t packets = 0;  // sent by this side
    uint64_t bytes = 0;    // on the wire, link layer included, as tshark's conversations count
    // TCP segments with data, SYN or FIN that were sent before: what tshark calls a retransmission,
    // fast retransmission or spurious retransmission. See tcp_stream.h for what differs.
    uint64_t retransmissions = 0;
    // The process at this side; the first that was told. `several`: the packets name more than one.
    const Process* process = nullptr;
    bool several = false;
};

// Sides: the first is who began: the sender of the SYN; else the client by the ports of the first
// packet, where one is below 1024 or only one is ephemeral (32768 and up); else the sender of the
// first packet.
struct Flow {
    uint64_t number = 0;   // from 0, in the order of their first packets
    uint8_t protocol = 0;  // IPPROTO_
    std::array<Side, 2> sides;
    // A process that a packet names without saying at which end (Ends::either); the first that was
    // told. `either_several`: packets name more than one so.
    const Process* either = nullptr;
    bool either_several = false;
    FlowState state = FlowState::kNone;
    std::optional<uint64_t> first_ns;
    std::optional<uint64_t> last_ns;
    // From the last SYN to the first segment with ACK and without SYN, as tshark's
    // tcp.analysis.initial_rtt.
    std::optional<uint64_t> handshake_rtt_ns;
    // Any bytes may stand in these, 255 at most; empty: not told.
    std::string_view dns_name;     // of the second side: a name that an answer in the file gave it
    std::string_view server_name;  // TLS SNI
    std::string_view http_host;
};

}  // namespace forensics
