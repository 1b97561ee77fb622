// SPDX-License-Identifier: GPL-2.0-only
//
// Decodes a pidcap_event of an exec and the bytes that follow it: the executable's path, last
// component first, and the arguments (bpf/contract.h). The kernel's programs write them, but their
// content is chosen by a process and can't be trusted. A pure function.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "bpf/contract.h"

namespace capture {

struct ExecPayload {
    // The absolute path; or, if its beginning was cut off, the known last components, without a
    // leading "/". Empty: not known.
    std::string exe;
    std::string cmdline;     // each argument ended by a NUL
    std::string exe_device;  // MAJOR:MINOR; empty: not known
    bool exe_complete = false;
    bool cmdline_complete = false;
    bool malformed = false;  // the bytes don't follow the contract; invalid parts are empty
};

ExecPayload decode_exec_payload(const pidcap_event& event, std::span<const std::byte> payload);

// Returns the working directory of a described exec, likewise: absolute, or, if its beginning was
// cut off, the last components. Empty: not known.
std::string working_directory(const pidcap_event& event, std::span<const std::byte> payload);

}  // namespace capture
