// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap processes FILE`: one row a process.
#pragma once

#include <span>
#include <string>

namespace cmd {

int run_processes(std::span<const std::string> arguments);

}  // namespace cmd
