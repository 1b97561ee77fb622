// SPDX-License-Identifier: GPL-2.0-only
//
// KernelPids: asks the kernel who a process is, for a capture in a PID namespace of its own: there
// /proc has the namespace's pids, and the kernel's programs report those of the initial one (the
// host's). Interface; PidLookup implements it.
#pragma once

#include <cstdint>
#include <optional>

#include "bpf/contract.h"

namespace capture {

class KernelPids {
  public:
    virtual ~KernelPids() = default;
    // Return the living process or thread that has this number in the capture's own PID namespace
    // or in the initial one, or nothing if there is none.
    virtual std::optional<pidcap_pids> by_own(uint32_t number) const = 0;
    virtual std::optional<pidcap_pids> by_host(uint32_t number) const = 0;
};

}  // namespace capture
