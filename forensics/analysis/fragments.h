// SPDX-License-Identifier: GPL-2.0-only
//
// FragmentFlows: remembers the conversation of each IP datagram from its first fragment, because
// later fragments have no ports. Remembers a bounded number; a newer datagram may replace an older
// one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "forensics/analysis/flow_key.h"

namespace forensics {

class FragmentFlows {
  public:
    // The key has the addresses and the protocol, no ports.
    struct Datagram {
        FlowKey key;
        bool from_lower = true;
        uint32_t id = 0;

        bool operator==(const Datagram&) const = default;
    };

    void remember(const Datagram& datagram, uint64_t hash, uint32_t flow, uint64_t time_ns) {
        entries_[slot(datagram, hash)] = {.datagram = datagram, .flow = flow, .time_ns = time_ns};
    }
    std::optional<uint32_t> find(const Datagram& datagram, uint64_t hash, uint64_t time_ns) const {
        const Entry& entry = entries_[slot(datagram, hash)];
        // Linux waits this long for fragments (net.ipv4.ipfrag_time). Ids are reused after that.
        constexpr uint64_t kLifetimeNs = 30'000'000'000;
        if (!entry.flow || entry.datagram != datagram || time_ns > entry.time_ns + kLifetimeNs) {
            return std::nullopt;
        }
        return entry.flow;
    }

  private:
    struct Entry {
        Datagram datagram;
        std::optional<uint32_t> flow;
        uint64_t time_ns = 0;
    };
    static constexpr size_t kEntries = 1024;

    static size_t slot(const Datagram& datagram, uint64_t hash) {
        return (hash ^ datagram.id) % kEntries;
    }

    std::array<Entry, kEntries> entries_;
};

}  // namespace forensics
