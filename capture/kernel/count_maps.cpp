// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/count_maps.h"

#include <bpf/bpf.h>

#include <cerrno>

namespace capture {
namespace {

// More than a bucket of the map can hold in practice; a batch ends between two buckets.
constexpr uint32_t kBatch = 4096;

Result<void> take_ends(int fd, std::vector<CountedEnd>& to) {
    std::vector<pidcap_count_key> keys(kBatch);
    std::vector<pidcap_count> counts(kBatch);
    uint32_t place = 0;  // the next bucket
    bool more = true;
    for (bool first = true; more; first = false) {
        uint32_t number = static_cast<uint32_t>(keys.size());
        const int code = bpf_map_lookup_and_delete_batch(
            fd, first ? nullptr : &place, &place, keys.data(), counts.data(), &number, nullptr);
        if (code == -ENOSPC) {  // the bucket has more; nothing was taken of it
            keys.resize(keys.size() * 2);
            counts.resize(keys.size());
        } else if (code != 0 && code != -ENOENT) {
            return pcapng::errno_error("read the counters of packets", -code);
        }
        for (uint32_t i = 0; i < number && code != -ENOSPC; i++) {
            to.push_back({keys[i], counts[i]});
        }
        more = code != -ENOENT;
    }
    return {};
}

}  // namespace

Result<CountedSet> take_counted(int counts_fd, int seen_fd, bool odd, size_t cpus) {
    CountedSet set;
    if (auto taken = take_ends(counts_fd, set.ends); !taken) {
        return std::move(taken).error();
    }
    std::vector<pidcap_amount> by_cpu(cpus);
    const std::vector<pidcap_amount> none(cpus);
    for (uint32_t kind = 0; kind < PIDCAP_SEEN_KINDS; kind++) {
        const uint32_t index = (odd ? PIDCAP_SEEN_KINDS : 0) + kind;
        int code = bpf_map_lookup_elem(seen_fd, &index, by_cpu.data());
        code = code == 0 ? bpf_map_update_elem(seen_fd, &index, none.data(), BPF_ANY) : code;
        if (code != 0) {
            return pcapng::errno_error("read the sums of packets", -code);
        }
        for (const pidcap_amount& amount : by_cpu) {
            set.seen[kind].packets += amount.packets;
            set.seen[kind].bytes += amount.bytes;
        }
    }
    return set;
}

}  // namespace capture
