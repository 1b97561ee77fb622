// SPDX-License-Identifier: GPL-2.0-only
//
// The capabilities that a capture needs, and an owner for libcap's sets.
#pragma once

#include <sys/capability.h>

#include <array>
#include <memory>

namespace cmd {

// To attach, also to interfaces that come later (CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON), and to look
// at processes (CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH).
inline constexpr std::array<cap_value_t, 5> kCaptureCapabilities = {
    CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};

struct FreeCapabilities {
    void operator()(_cap_struct* capabilities) const { cap_free(capabilities); }
};
using Capabilities = std::unique_ptr<_cap_struct, FreeCapabilities>;

}  // namespace cmd
