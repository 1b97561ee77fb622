// SPDX-License-Identifier: GPL-2.0-only
//
// UsageMeter: the CPU time and memory of processes, between one look at /proc and the next. One
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "capture/session.h"
#include "cmd/top/traffic.h"

namespace cmd {

class UsageMeter {
  public:
    // Looks at the processes that run. `session` must outlive the meter.
    explicit UsageMeter(capture::Session& session);

    // Returns what a process uses, CPU time since the last look, which is `seconds` ago; of a
    // process that is new, since its start. Nothing if /proc doesn't show it.
    std::optional<ProcessUsage> usage_of(uint32_t process, double seconds);

  private:
    capture::Session* session_;
    std::unordered_map<uint32_t, uint64_t> cpu_ticks_;  // by number
};

}  // namespace cmd
