// SPDX-License-Identifier: GPL-2.0-only
//
// FlowMeter: packets in, flow records out, as they become due: when a conversation ends, and while
// it lasts at intervals. Time is that of the packets, so a capture and its file give the same
// records. Memory is bounded by the conversations that it follows at once. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "forensics/analysis/flow_table.h"
#include "forensics/meter/flow_record.h"

namespace forensics {

class FlowMeter {
  public:
    struct Options {
        uint64_t idle_ns = 15'000'000'000;
        uint64_t active_ns = 60'000'000'000;
        size_t most_flows = 65536;
    };
    // A TCP connection that is open may be silent for long, and is looked for no sooner than a NAT
    // may forget it (RFC 5382, REQ-5: 2 hours 4 minutes).
    static constexpr uint64_t kOpenTcpIdleNs = 7'440'000'000'000;
    // How long segments of a connection that is closed still belong to it.
    static constexpr uint64_t kClosedTcpNs = 2'000'000'000;

    using Take = std::function<void(const FlowRecord& record)>;

    FlowMeter(const Options& options, Take take);

    // Hands out what is due before this packet. Events count nowhere.
    void add(const Packet& packet);
    // See FlowTable.
    void name_addresses(std::span<const packet::NamedAddress> names) {
        table_.name_addresses(names);
    }
    // Hands out what is due at this time, without a packet.
    void advance(uint64_t now_ns);
    // The end: hands out the rest.
    void finish();

    // When advance() has something to do at the earliest.
    std::optional<uint64_t> next_ns() const {
        return due_.empty() ? std::nullopt : std::optional(due_.top().ns);
    }
    // Packets that are in no record, because they aren't IP or too short.
    uint64_t other_packets() const { return other_packets_; }
    // Calls use(process) for each process of the conversations that are followed.
    void each_process(const std::function<void(const Process* process)>& use) const;

  private:
    struct Counts {
        uint64_t packets = 0;
        uint64_t bytes = 0;
        uint64_t ip_bytes = 0;
        uint64_t retransmissions = 0;
    };
    static constexpr uint32_t kNone = UINT32_MAX;

    // A conversation that is followed, by its number in the table.
    struct Followed {
        uint64_t number = 0;  // its own
        uint64_t part = 0;
        bool used = false;
        std::optional<uint64_t> begin_ns;
        std::optional<uint64_t> first_ns;  // since the record before; none: no packet came
        uint64_t last_ns = 0;              // of all
        uint64_t timeout_ns = 0;           // after last_ns, it is over
        uint64_t queued_ns = 0;            // its entry in due_; 0: it has none
        std::array<Counts, 2> reported;
        uint32_t newer = kNone;  // the next one in the order of their latest packets
        uint32_t older = kNone;
    };
    struct Due {
        uint64_t ns = 0;
        uint64_t number = 0;
        uint32_t slot = 0;

        bool operator>(const Due& other) const {
            return ns != other.ns ? ns > other.ns : number > other.number;
        }
    };

    uint64_t timeout_of(const Flow& flow) const;
    uint64_t due_ns(const Followed& followed) const;
    void queue(uint32_t slot);
    void touch(uint32_t slot);
    void unlink(uint32_t slot);
    void hand_out(uint32_t slot, RecordReason reason);
    void end(uint32_t slot, RecordReason reason);

    Options options_;
    Take take_;
    FlowTable table_;
    std::vector<Followed> followed_;
    size_t count_ = 0;
    uint32_t newest_ = kNone;
    uint32_t oldest_ = kNone;
    std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
    uint64_t now_ns_ = 0;
    uint64_t next_number_ = 0;
    uint64_t next_sequence_ = 0;
    uint64_t other_packets_ = 0;
};

}  // namespace forensics
