// SPDX-License-Identifier: GPL-2.0-only
//
// The processes that the dialog offers: those that run now, without the kernel's own threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pcapng/result.h"

namespace extcap {

struct RunningProcess {
    uint32_t pid = 0;
    std::string text;  // "1234  alice  curl  https://example.org"; any bytes may stand in it
};

// By name, then by pid.
pcapng::Result<std::vector<RunningProcess>> running_processes();

}  // namespace extcap
