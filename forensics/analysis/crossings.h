// SPDX-License-Identifier: GPL-2.0-only
//
// Crossings: recognises a packet that crosses several interfaces (both ends of a veth, a bridge, an
// uplink) when it is seen again. docs/analysis.md has the rule. A packet is known by its bytes from
// the IP header on, without what crossing changes (TTL, checksums). It crosses a vantage once, so
// what is seen again at the same vantage was sent again.
//
// Remembers the latest 65,536 packets, 7 MiB. While there is one vantage, where nothing can be seen
// again, only the latest 256, and looks none of them up. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "packet/dissect/dissect.h"
#include "packet/keyed_hash.h"
#include "packet/process.h"
#include "packet/via.h"

namespace forensics {

// A packet, the first time that it was seen.
struct Crossing {
    static constexpr size_t kMaxVantages = 6;
    struct Seen {
        uint32_t vantage = 0;
        uint32_t times = 0;  // 0: the entry is not in use
    };

    uint64_t time_ns = 0;
    uint32_t length = 0;                            // on the wire
    uint32_t flow = 0;                              // the number of its conversation
    packet::Via reason = packet::Via::kUnrecorded;  // why it had no process
    // The ends whose processes were counted, and which these are.
    const packet::Process* sender = nullptr;
    const packet::Process* receiver = nullptr;
    bool either = false;
    bool again = false;  // see() found that it was seen at another vantage before
    std::array<Seen, kMaxVantages> seen{};
};

class Crossings {
  public:
    // Crossing a host takes less than this, and no sender waits so short a time before it sends
    // again (Linux: TCP_RTO_MIN, 200 ms).
    static constexpr uint64_t kLongestNs = 100'000'000;

    // Returns what identifies the packet, or nothing if it can't be told from another one: its
    // headers weren't captured, or it is on a loopback interface.
    std::optional<uint64_t> identify(const packet::Dissected& packet) const;

    // Returns the packet's entry, which is valid until the next call. If it isn't seen again, only
    // its time is set, and the caller sets the rest. `vantages`: how many there are.
    Crossing& see(uint64_t identity, uint64_t time_ns, uint32_t vantage, size_t vantages);
    // It is another packet after all, which was seen at this vantage only.
    void separate(Crossing& crossing, uint64_t time_ns, uint32_t vantage);

  private:
    static constexpr size_t kWays = 4;
    static constexpr size_t kSets = 16384;
    static constexpr size_t kRecent = 256;
    struct Recent {
        uint64_t identity = 0;
        Crossing crossing;
    };
    // What is looked at to find an entry: of a set of kWays, in one cache line.
    struct alignas(64) Set {
        std::array<uint64_t, kWays> identities{};
        std::array<uint64_t, kWays> times{};  // as the entry has it
    };

    size_t entry_of(uint64_t identity, uint64_t time_ns);
    void begin(size_t entry, uint64_t time_ns, uint32_t vantage);
    Crossing& remember(uint64_t identity, uint64_t time_ns, uint32_t vantage);
    void look_up_from_now_on();
    Crossing& look_up(uint64_t identity, uint64_t time_ns, uint32_t vantage);
    static void add(Crossing& crossing, uint32_t vantage);

    packet::KeyedHash hash_;
    std::vector<Recent> recent_ = std::vector<Recent>(kRecent);  // a ring
    uint64_t remembered_ = 0;                                    // in it, ever
    std::vector<Set> sets_;                                      // none: there is one vantage
    std::vector<Crossing> entries_;
};

}  // namespace forensics
