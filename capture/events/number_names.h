// SPDX-License-Identifier: GPL-2.0-only
//
// The names of numbers that own events have: glibc gives those of errors and signals from 2.32 on
// only. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace capture {

// Return number and name, in the order of numbers: ECONNREFUSED, …; SIGTERM, …
std::vector<std::pair<uint64_t, std::string>> error_names();
std::vector<std::pair<uint64_t, std::string>> signal_names();

}  // namespace capture
