// SPDX-License-Identifier: GPL-2.0-only
//
// Analysis: counts in one pass what each process sent and received, and collects the conversations.
// A packet that crosses several interfaces counts once. Memory grows with processes and, as
// FlowTable says, with conversations. One thread.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "forensics/analysis/flow_table.h"
#include "forensics/analysis/process_outcome.h"
#include "forensics/packet_types.h"

namespace forensics {

struct Amount {
    uint64_t packets = 0;
    uint64_t bytes = 0;  // on the wire

    void add(const Packet& packet) {
        ++packets;
        bytes += packet.wire_length;
    }
    void take_away(uint64_t length) {
        --packets;
        bytes -= length;
    }
};

// A packet whose two ends are the same process is counted as sent and as received.
struct ProcessTraffic {
    const Process* process = nullptr;
    Amount sent;
    Amount received;
    Amount either;  // the file doesn't say at which end the process was
    uint64_t flows = 0;
    // The number of different addresses at the other end of its conversations. Counts only those
    // conversations where it is known which end is the process's own.
    uint64_t peers = 0;
    std::optional<uint64_t> first_ns;
    std::optional<uint64_t> last_ns;
    // Packets whose `via` says that the process was found directly ("socket", "lookup", "current"),
    // and packets with any other `via`. Packets without one are in neither.
    uint64_t direct = 0;
    uint64_t inferred = 0;
    ProcessOutcome outcome = {};

    // Whether any packet names the process, not only events.
    bool has_packets() const {
        return sent.packets > 0 || received.packets > 0 || either.packets > 0;
    }
};

// Packets without a process, by reason.
struct Unattributed {
    Amount kernel;
    Amount forwarded;
    Amount unknown;
    Amount silent;  // the file says nothing about them
};

class Analysis {
  public:
    Analysis() = default;
    explicit Analysis(FlowTable::Options options) : flows_(options) {}

    // Events are no traffic: they count nowhere but in `outcome`, and nothing is found.
    FlowTable::Found add(const Packet& packet);
    // Call once, after the last packet: counts flows and peers of the processes and names the
    // conversations. `names`: of addresses that no DNS answer names.
    void finish(std::span<const packet::NamedAddress> names = {});

    const Amount& total() const { return total_; }
    const Unattributed& unattributed() const { return unattributed_; }
    std::optional<uint64_t> first_ns() const { return first_ns_; }
    std::optional<uint64_t> last_ns() const { return last_ns_; }
    // By the process's number; `process` is null for those without packets and events.
    const std::deque<ProcessTraffic>& processes() const { return processes_; }
    Flows flows() const { return flows_.flows(); }
    const DnsQuestions& questions() const { return flows_.questions(); }
    // An error if conversations or questions that were kept in a temporary file are lost.
    const pcapng::Result<void>& state() const { return flows_.state(); }

  private:
    // A process took part in a conversation. `side` 2: at which end is not known.
    struct Part {
        uint32_t process;
        uint64_t flow;
        int side;

        auto operator<=>(const Part&) const = default;
    };

    ProcessTraffic& of(const Process& process);
    void add_end(const End& end, Amount ProcessTraffic::*amount, const Packet& packet,
                 const Flow* flow, int side);

    FlowTable flows_;
    Amount total_;
    Unattributed unattributed_;
    std::optional<uint64_t> first_ns_;
    std::optional<uint64_t> last_ns_;
    std::deque<ProcessTraffic> processes_;  // growing moves none
    void count_flows();
    void count_peers();

    // Processes beyond those that the flows themselves keep, which are many.
    std::set<Part> further_;
};

}  // namespace forensics
