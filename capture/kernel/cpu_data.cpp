// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/cpu_data.h"

#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "capture/kernel/kernel_symbols.h"

namespace capture {
namespace {

constexpr const char* kRunQueues = "runqueues";
constexpr const char* kCurrentTask = "current_task";
constexpr const char* kPreemptCount = "__preempt_count";
// Before Linux 6.15 it is 0.
constexpr const char* kBegin = "__per_cpu_start";

// The variables current_task and __preempt_count, from Linux 6.2 to 6.14 members of one struct.
pidcap_cpu_data by_types(const KernelTypes& kernel) {
    const auto run_queue = kernel.per_cpu_offset(kRunQueues);
    auto current = kernel.per_cpu_offset(kCurrentTask);
    auto count = kernel.per_cpu_offset(kPreemptCount);
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

}  // namespace

pidcap_cpu_data cpu_data_of(std::istream& symbols) {
    std::map<std::string_view, uint64_t> addresses;
    for (std::string line; std::getline(symbols, line);) {
        const auto symbol = parse_symbol(line);
        for (const char* name : {kBegin, kRunQueues, kCurrentTask, kPreemptCount}) {
            if (symbol && symbol->name == name) {
                addresses.emplace(name, symbol->address);
            }
        }
    }
    constexpr size_t kAll = 4;
    if (addresses.size() != kAll || addresses[kRunQueues] == addresses[kCurrentTask]) {
        return {};
    }
    const auto offset = [&](const char* name) {
        return static_cast<uint32_t>(addresses[name] - addresses[kBegin]);
    };
    return {1, offset(kRunQueues), offset(kCurrentTask), offset(kPreemptCount)};
}

pidcap_cpu_data cpu_data_of(const KernelTypes& kernel) {
    const pidcap_cpu_data known = by_types(kernel);
#ifdef __x86_64__
    if (!known.known) {
        std::ifstream symbols("/proc/kallsyms");
        return cpu_data_of(symbols);
    }
#endif
    return known;
}

}  // namespace capture
