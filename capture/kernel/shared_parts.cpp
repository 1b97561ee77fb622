// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/shared_parts.h"

#include <bpf/libbpf.h>

#include <string_view>

namespace capture {

int share_maps(const SharedParts& parts, bpf_object& to) {
    constexpr std::string_view kShared = ".data.shared";
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, &to) {
        const char* name = bpf_map__name(map);
        if (bpf_map__is_internal(map) && name != kShared) {
            continue;
        }
        const bpf_map* known = bpf_object__find_map_by_name(parts.object, name);
        if (known == nullptr) {
            continue;
        }
        if (const int code = bpf_map__reuse_fd(map, bpf_map__fd(known)); code != 0) {
            return code;
        }
    }
    return 0;
}

}  // namespace capture
