// SPDX-License-Identifier: GPL-2.0-only
//
// TracepointProbe: the program of bpf/tracepoint.bpf.c for one tracepoint, whose layout is a
// constant in it. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bpf/contract.h"
#include "capture/events/tracepoint_format.h"
#include "capture/kernel/shared_parts.h"
#include "capture/kernel/tracing.h"

struct pidcap_tracepoint_bpf;  // the skeleton, see pidcap_tracepoint.skel.h

namespace capture {

class TracepointProbe {
  public:
    // Loads the program. `number` is the event's in the capture. `cpu_data`: see cpu_data_of().
    static Result<TracepointProbe> load(const SharedParts& parts, const TracepointFormat& format,
                                        uint32_t number, const pidcap_cpu_data& cpu_data);

    TracepointProbe(TracepointProbe&&) noexcept;
    ~TracepointProbe();

    // Needs CAP_PERFMON.
    Result<void> attach();
    uint64_t missed() const;  // see misses_of()

  private:
    struct CloseSkeleton {
        void operator()(pidcap_tracepoint_bpf* skeleton) const;
    };
    using Skeleton = std::unique_ptr<pidcap_tracepoint_bpf, CloseSkeleton>;

    TracepointProbe(Skeleton skeleton, uint32_t id);

    Skeleton skeleton_;
    Link link_;
    uint32_t id_;
};

}  // namespace capture
