// SPDX-License-Identifier: GPL-2.0-only
//
// The capabilities that a capture needs, and an owner for libcap's sets.
#pragma once

#include <sys/capability.h>

#include <array>
#include <memory>

#include "capture/confinement/confinement.h"

namespace cmd {

// To load and attach programs (CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON), for promiscuous mode
// (CAP_NET_RAW), and to look at processes (CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH). drop_privileges.h
// says what stays.
inline constexpr std::array<cap_value_t, 6> kCaptureCapabilities = {
    CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};

using Capabilities = std::unique_ptr<_cap_struct, capture::FreeCapabilities>;

}  // namespace cmd
