// SPDX-License-Identifier: GPL-2.0-only
//
// One interval of `pidcap top --json`: docs/top.md has the schema. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "cmd/top/traffic.h"

namespace cmd {

// Returns one line. `time_ns`: the end of the interval, since the epoch.
std::string top_json(const Traffic& traffic, uint64_t time_ns);

}  // namespace cmd
