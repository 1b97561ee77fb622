// SPDX-License-Identifier: GPL-2.0-only
//
// TracepointProbe: the program of bpf/tracepoint.bpf.c for one tracepoint, whose layout is a
// constant in it. The program alone is kept: it keeps its maps. One thread.
#pragma once

#include <cstdint>
#include <utility>

#include "bpf/contract.h"
#include "capture/events/tracepoint_format.h"
#include "capture/kernel/shared_parts.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

using pcapng::Result;

class TracepointProbe {
  public:
    // Loads the program. `number` is the event's in the capture. `cpu_data`: see cpu_data_of().
    static Result<TracepointProbe> load(const SharedParts& parts, const TracepointFormat& format,
                                        uint32_t number, const pidcap_cpu_data& cpu_data);

    // Needs CAP_PERFMON.
    Result<void> attach();
    uint64_t missed() const;  // see misses_of()

  private:
    TracepointProbe(pcapng::Fd program, uint32_t id) : program_(std::move(program)), id_(id) {}

    pcapng::Fd program_;
    pcapng::Fd event_;  // the tracepoint that it is attached to
    uint32_t id_;
};

}  // namespace capture
