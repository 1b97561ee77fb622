// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/drop_counters.h"

#include <bpf/bpf.h>

#include <cerrno>

namespace capture {

Result<void> DropCounters::make_others() const {
    const std::vector<pidcap_drops> none(cpus_);
    if (bpf_map_update_elem(map_fd_, &kOthers, none.data(), BPF_ANY) != 0) {
        return pcapng::errno_error("make the counters of drops", errno);
    }
    return {};
}

Result<void> DropCounters::make_events(uint32_t number) const {
    const std::vector<pidcap_drops> none(cpus_);
    for (uint32_t event = 1; event <= number; event++) {
        const pidcap_interface key{0, event};
        if (bpf_map_update_elem(map_fd_, &key, none.data(), BPF_ANY) != 0) {
            return pcapng::errno_error("make the counters of dropped events", errno);
        }
    }
    return {};
}

pidcap_drops DropCounters::of(const pidcap_interface& interface) const {
    std::vector<pidcap_drops> per_cpu(cpus_);
    pidcap_drops sum{};
    if (bpf_map_lookup_elem(map_fd_, &interface, per_cpu.data()) != 0) {
        return sum;  // no drops yet
    }
    for (const pidcap_drops& cpu : per_cpu) {
        for (size_t cause = 0; cause < PIDCAP_DROP_CAUSES; cause++) {
            sum.count[cause] += cpu.count[cause];
        }
        sum.pending += cpu.pending;
    }
    return sum;
}

void DropCounters::forget(const pidcap_interface& interface) const {
    bpf_map_delete_elem(map_fd_, &interface);
}

std::vector<pidcap_interface> DropCounters::interfaces() const {
    std::vector<pidcap_interface> all;
    pidcap_interface next{};
    const pidcap_interface* last = nullptr;
    while (bpf_map_get_next_key(map_fd_, last, &next) == 0) {
        all.push_back(next);
        last = &all.back();
    }
    std::erase_if(all, [](const pidcap_interface& one) {
        return one.netns == kOthers.netns && one.ifindex == kOthers.ifindex;
    });
    return all;
}

}  // namespace capture
