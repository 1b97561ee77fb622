// SPDX-License-Identifier: GPL-2.0-only
//
// SharedParts: what programs of other objects need of those that Programs has loaded, so that they
// write into its rings, count in its counters and keep to its process filter. Stateless.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct bpf_object;

namespace capture {

struct SharedParts {
    const bpf_object* object = nullptr;  // lives as long as Programs
    uint32_t small_ring_bytes = 0;       // for the constant of this name
    uint32_t sk_owner_id = 0;            // likewise: the map's number
    uint64_t memory_seed = 0;            // likewise
    uint64_t tick_ns = 0;                // likewise
    std::string btf_file;                // see ProgramOptions
    std::vector<int> filters = {};       // descriptors of the packet filter's programs
};

// Makes each map of `to` the one that has its name in `parts`, if there is one; `.data.shared`
// (bpf/shared.h) is among them, other sections of variables aren't. Call it before `to` is loaded.
// Returns 0 or a negative errno.
int share_maps(const SharedParts& parts, bpf_object& to);

}  // namespace capture
