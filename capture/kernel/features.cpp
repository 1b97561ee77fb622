// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/features.h"

#include "capture/kernel/bpf_probe.h"
#include "capture/kernel/libbpf_log.h"

namespace capture {

int Features::fentry() {
    if (!fentry_) {
        const LibbpfLog quiet;
        fentry_ = try_fentry();
    }
    return *fentry_;
}

int Features::kprobe() {
    if (!kprobe_) {
        const LibbpfLog quiet;
        kprobe_ = try_kprobe();
    }
    return *kprobe_;
}

int Features::load(bpf_prog_type type) {
    const auto known = loads_.find(type);
    if (known != loads_.end()) {
        return known->second;
    }
    const LibbpfLog quiet;
    return loads_[type] = try_load(type);
}

}  // namespace capture
