// SPDX-License-Identifier: GPL-2.0-only
//
// Sink: receives what a running source delivers, in the order of time: interfaces as they appear,
// packets and changes of processes. All calls come from one thread. Arguments are valid until the
// call returns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "packet/key_log.h"
#include "packet/packet.h"
#include "pcapng/result.h"

namespace packet {

// Why a packet that matched is not among those that were delivered.
enum class DropCause : uint8_t {
    kRingFull,    // the reader was too slow
    kCopyFailed,  // the packet's bytes could not be read
};
inline constexpr size_t kDropCauses = 2;

// Counters of one interface. captured + filtered + dropped = every packet that the source's hooks
// passed on or had to drop.
struct InterfaceCounters {
    bool of_events = false;  // these are events, not packets (packet/event/frame.h)
    uint64_t captured = 0;   // delivered to the sink
    uint64_t captured_bytes = 0;
    uint64_t filtered = 0;                        // of processes that were not selected
    std::array<uint64_t, kDropCauses> dropped{};  // by DropCause
};

// A process changed, at this moment between packets.
struct ProcessEvent {
    enum class Type : uint8_t { kFork, kExec, kExit, kChange };

    uint64_t time_ns = 0;  // since the epoch
    Type type = Type::kChange;
    const Process* process = nullptr;  // as it is after the event
};

// If a call returns an error, the source stops and returns that error.
class Sink {
  public:
    virtual ~Sink() = default;
    virtual pcapng::Result<void> interface(const Interface& interface) = 0;
    virtual pcapng::Result<void> packet(const Packet& packet) = 0;
    // An event of a process whose packets are wanted.
    virtual pcapng::Result<void> process(const ProcessEvent& /*event*/) { return {}; }
    // Secrets of TLS connections whose packets are wanted. A reader needs them before it comes to
    // the packets that they decrypt: those must come later. Sinks that write no file ignore them.
    virtual pcapng::Result<void> keys(std::span<const KeyLogLine> /*lines*/) { return {}; }
    // No packet is waiting at the moment: what is buffered may be shown or written.
    virtual pcapng::Result<void> idle() = 0;
    // The end: final counters by interface number. Called once, also after an error of the source.
    virtual pcapng::Result<void> finish(const std::vector<InterfaceCounters>& counters) = 0;
};

}  // namespace packet
