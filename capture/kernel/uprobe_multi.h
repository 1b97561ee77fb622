// SPDX-License-Identifier: GPL-2.0-only
//
// Links of programs to functions of user space (BPF_TRACE_UPROBE_MULTI, Linux 6.6, commit
// 89ae89f53d20), which Debian 12's headers and libbpf don't have yet. Stateless.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <span>

namespace capture {

// What the program has to be loaded with.
inline constexpr auto kUprobeMultiAttach = static_cast<bpf_attach_type>(48);

// Attaches the program to the instructions at `offsets` bytes of the file at `path`, in every
// process that has it mapped, now or later. bpf_get_attach_cookie() gives it the one of `cookies`,
// which are as many. Returns the link's descriptor, or -1 with errno.
int link_uprobes(int program_fd, const char* path, std::span<const uint64_t> offsets,
                 std::span<const uint64_t> cookies);

}  // namespace capture
