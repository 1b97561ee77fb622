// SPDX-License-Identifier: GPL-2.0-only
//
// The XDP programs that are loaded on this machine, whoever loaded them. Stateless.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace capture {

struct XdpProgram {
    uint32_t id = 0;
    std::string name;      // at most 15 characters
    std::string function;  // its whole name, by the program's type information; empty: it has none
    pcapng::Fd fd;         // keeps it loaded
};

// Returns them in order of their ids. An error: the kernel doesn't list them, which takes
// CAP_SYS_ADMIN.
pcapng::Result<std::vector<XdpProgram>> loaded_xdp_programs();

}  // namespace capture
