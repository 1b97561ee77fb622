// SPDX-License-Identifier: GPL-2.0-only
//
// What a Session hands to its Sink: interfaces as they come, then packets in the order of their
// time. Passive data; spans and pointers are valid until the sink returns. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/contract.h"
#include "capture/process.h"
#include "pcapng/result.h"

namespace capture {

using pcapng::Error;
using pcapng::Result;

enum class Direction : uint8_t { kIn = PIDCAP_IN, kOut = PIDCAP_OUT };

// The name of a provenance as it stands after `via=`.
const char* via_name(uint8_t via);

// A captured interface. `id` counts from 0 in the order of announcement; an interface that vanishes
// and comes back gets a new one.
struct CapturedInterface {
    uint32_t id = 0;
    uint16_t link_type = 0;  // LINKTYPE_ of the tcpdump group: 1 Ethernet, 101 raw IP
    uint32_t snaplen = 0;
    std::string name;
    std::optional<std::array<uint8_t, 6>> mac;
};

// One end of a packet. `process` is null where there is none; then `via` says why.
struct End {
    const Process* process = nullptr;
    uint32_t tid = 0;
    uint8_t via = PIDCAP_VIA_UNKNOWN;
    // At the socket's last use: that of this packet, while `process` has the latest.
    uint32_t uid = 0;
    std::string_view user = {};  // the user's name; empty where there is none
    uint32_t gid = 0;
};

struct Packet {
    uint64_t time_ns = 0;  // since the epoch
    const CapturedInterface* interface = nullptr;
    Direction direction = Direction::kIn;
    uint32_t wire_len = 0;
    std::span<const std::byte> data;  // from the link layer, VLAN tags included
    uint32_t lost = 0;                // packets of this interface dropped since the one before
    End self;
    // `self` is the sender of what comes in, or the receiver of what goes out.
    bool self_at_far_end = false;
    std::optional<End> peer;
};

// Counters of one interface. captured + filtered + dropped = every packet that the kernel side
// passed on or had to drop.
struct InterfaceCounters {
    uint64_t captured = 0;  // handed to the sink
    uint64_t captured_bytes = 0;
    uint64_t filtered = 0;  // of processes that weren't asked for, until the kernel knew it
    std::array<uint64_t, PIDCAP_DROP_CAUSES> dropped{};
};

// A process changed, at a packet-like moment in time.
struct ProcessEvent {
    uint64_t time_ns = 0;  // since the epoch
    pidcap_event_type type = PIDCAP_EVENT_FORK;
    const Process* process = nullptr;  // as it is after the event
};

// Where packets go. An error ends the session, which returns it.
class Sink {
  public:
    virtual ~Sink() = default;
    virtual Result<void> interface(const CapturedInterface& interface) = 0;
    virtual Result<void> packet(const Packet& packet) = 0;
    // An exec or exit of a process whose packets are wanted; in order with the packets.
    virtual Result<void> process(const ProcessEvent& /*event*/) { return {}; }
    // No packet is waiting at the moment: what is buffered may be shown or written.
    virtual Result<void> idle() = 0;
    // The end: final counters by interface id. Called once, also after an error of the session.
    virtual Result<void> finish(const std::vector<InterfaceCounters>& counters) = 0;
};

}  // namespace capture
