// SPDX-License-Identifier: GPL-2.0-only
//
// Decodes what follows a pidcap_event of an exec: the executable's path, leaf first, and the
// arguments (bpf/contract.h). The kernel's programs write it, but a process chose the bytes. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "bpf/contract.h"

namespace capture {

struct ExecPayload {
    // Absolute; or, where its root end was cut off, the components that are known, not starting
    // with "/". Empty: not known.
    std::string exe;
    std::string cmdline;  // each argument ended by a NUL
    bool exe_complete = false;
    bool cmdline_complete = false;
    bool malformed = false;  // not as the contract says; what could not be believed is empty
};

ExecPayload decode_exec_payload(const pidcap_event& event, std::span<const std::byte> payload);

}  // namespace capture
