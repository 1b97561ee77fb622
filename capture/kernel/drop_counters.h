// SPDX-License-Identifier: GPL-2.0-only
//
// DropCounters: how many packets the programs could not record, by interface and cause. The kernel
// counts on each CPU; this class adds up. It refers to the map, which Programs owns.
#pragma once

#include <cstddef>
#include <vector>

#include "bpf/contract.h"
#include "pcapng/result.h"

namespace capture {

using pcapng::Result;

class DropCounters {
  public:
    DropCounters(int map_fd, size_t cpus) : map_fd_(map_fd), cpus_(cpus) {}

    // The counters of the interfaces that find no room in the map.
    static constexpr pidcap_interface kOthers{};
    // Makes these counters. Call it once, before the programs run.
    Result<void> make_others() const;
    // Makes the counters of the events from 1 to `number`, which programs can't. Likewise.
    Result<void> make_events(uint32_t number) const;

    // Returns the drops since the start or since forget(); all 0 if nothing was dropped.
    pidcap_drops of(const pidcap_interface& interface) const;

    // Removes the counters of an interface that is gone, to make room for others.
    void forget(const pidcap_interface& interface) const;

    // Returns the interfaces and events that have counters of their own.
    std::vector<pidcap_interface> interfaces() const;

  private:
    int map_fd_;
    size_t cpus_;
};

}  // namespace capture
