// SPDX-License-Identifier: GPL-2.0-only
//
// Traffic: sums of what a session has counted, by process and by conversation, over one interval
// after the other. Keeps copies of the processes, so it outlives the session's. What had no packets
// for kForget intervals is forgotten: conversations, and processes that have ended. Pure; one
// thread.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "capture/counts.h"
#include "packet/filter/ancestry.h"
#include "packet/process.h"
#include "packet/via.h"

namespace cmd {

struct TrafficSums {
    capture::Amount out;
    capture::Amount in;
    uint64_t retransmissions = 0;  // segments

    capture::Amount both() const { return out + in; }
    TrafficSums& operator+=(const TrafficSums& other);
};

// What an end of a conversation is counted for: a process, or why there is none.
struct TrafficOwner {
    std::optional<uint32_t> process;  // its number
    packet::Via via = packet::Via::kUnrecorded;

    auto operator<=>(const TrafficOwner&) const = default;
};

struct ProcessUsage {
    double cpu_percent = 0;  // 100: one CPU
    uint64_t memory_bytes = 0;
    bool ended = false;  // the rest is 0
};

struct OwnerTraffic {
    packet::Process process;  // empty without one
    std::optional<uint32_t> parent;
    bool has_traffic = false;  // false: it is there as an ancestor of others
    TrafficSums now;           // in the latest interval
    TrafficSums total;
    size_t conversations = 0;    // with packets in the latest interval
    uint32_t round_trip_us = 0;  // of its connection with the most packets there; 0: not known
    std::optional<ProcessUsage> usage;  // none: not known
    uint64_t last_interval = 0;
};

// The process at the other end of a conversation, on this machine.
struct TrafficPeer {
    uint32_t pid = 0;
    uint64_t start_ns = 0;
    std::string comm;
};

struct ConversationTraffic {
    TrafficSums now;
    TrafficSums total;
    uint32_t round_trip_us = 0;
    std::optional<uint32_t> retransmissions;  // as the socket has counted them
    std::optional<TrafficPeer> peer;  // as of the latest interval with packets; none: not known
    uint64_t last_interval = 0;
};

class Traffic {
  public:
    // How many intervals without packets something stays.
    static constexpr uint64_t kForget = 60;
    // The most conversations that stay; those without packets for the longest time go first.
    static constexpr size_t kConversations = 65536;

    using ParentOf =
        std::function<std::optional<packet::Ancestry::Parent>(const packet::Process& process)>;
    using UsageOf = std::function<std::optional<ProcessUsage>(uint32_t process)>;

    struct Key {
        TrafficOwner owner;
        uint32_t netns = 0;
        uint8_t protocol = 0;
        uint8_t length = 0;  // of both addresses
        std::array<uint8_t, 16> local{};
        std::array<uint8_t, 16> remote{};
        uint16_t local_port = 0;
        uint16_t remote_port = 0;

        auto operator<=>(const Key&) const = default;
    };

    // Adds an interval. Asks for the parents of processes, and for what each one uses.
    void add(const capture::Counts& counts, const ParentOf& parent_of, const UsageOf& usage_of);

    // Of the latest interval; its conversations aren't valid any more.
    double seconds() const { return latest_.seconds; }
    const capture::Counts& latest() const { return latest_; }
    // Of all intervals.
    const capture::Amount& uncounted() const { return uncounted_; }

    const std::map<TrafficOwner, OwnerTraffic>& owners() const { return owners_; }
    const std::map<Key, ConversationTraffic>& conversations() const { return conversations_; }

  private:
    static bool has_ended(const OwnerTraffic& entry) { return entry.usage && entry.usage->ended; }
    OwnerTraffic& owner_of(const capture::CountedConversation& counted, const ParentOf& parent_of);
    void add_ancestors(const packet::Process& child, OwnerTraffic& entry,
                       const ParentOf& parent_of);
    void add_conversation(const capture::CountedConversation& counted, const ParentOf& parent_of);
    void forget_idle();

    std::map<TrafficOwner, OwnerTraffic> owners_;
    std::map<Key, ConversationTraffic> conversations_;
    capture::Counts latest_;
    capture::Amount uncounted_;
    uint64_t interval_ = 0;
};

}  // namespace cmd
