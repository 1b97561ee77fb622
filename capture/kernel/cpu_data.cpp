// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/cpu_data.h"

#include <optional>

namespace capture {

// The variables current_task and __preempt_count, from Linux 6.2 to 6.14 members of one struct.
pidcap_cpu_data cpu_data_of(const KernelTypes& kernel) {
    const auto run_queue = kernel.per_cpu_offset("runqueues");
    auto current = kernel.per_cpu_offset("current_task");
    auto count = kernel.per_cpu_offset("__preempt_count");
    if (const auto hot = kernel.per_cpu_offset("pcpu_hot")) {
        const auto in_hot = [&](const char* member) {
            const auto offset = kernel.member_offset("pcpu_hot", member);
            return offset ? std::optional(*hot + *offset) : std::nullopt;
        };
        current = in_hot("current_task");
        count = in_hot("preempt_count");
    }
    if (!run_queue || !current || !count) {
        return {};
    }
    return {1, *run_queue, *current, *count};
}

}  // namespace capture
