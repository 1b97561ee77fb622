// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/uprobe_multi.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace capture {
namespace {

// union bpf_attr for BPF_LINK_CREATE with such a link.
struct LinkAttributes {
    uint32_t prog_fd = 0;
    uint32_t target_fd = 0;
    uint32_t attach_type = kUprobeMultiAttach;
    uint32_t flags = 0;
    uint64_t path = 0;
    uint64_t offsets = 0;
    uint64_t ref_ctr_offsets = 0;
    uint64_t cookies = 0;
    uint32_t cnt = 0;
    uint32_t multi_flags = 0;
    uint32_t pid = 0;  // every process
    uint32_t pad = 0;
};

}  // namespace

int link_uprobes(int program_fd, const char* path, std::span<const uint64_t> offsets,
                 std::span<const uint64_t> cookies) {
    LinkAttributes attributes;
    attributes.prog_fd = static_cast<uint32_t>(program_fd);
    attributes.path = reinterpret_cast<uint64_t>(path);
    attributes.offsets = reinterpret_cast<uint64_t>(offsets.data());
    attributes.cookies = reinterpret_cast<uint64_t>(cookies.data());
    attributes.cnt = static_cast<uint32_t>(offsets.size());
    return static_cast<int>(syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof(attributes)));
}

}  // namespace capture
