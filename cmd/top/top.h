// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap top`: which processes use the network now. One thread.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace cmd {

// The exit status, or nothing if it is another command.
std::optional<int> run_top_command(std::span<const std::string> arguments);

}  // namespace cmd
