// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap status` and `pidcap trigger`: what running recorders do, and a trigger for one of them.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace cmd {

// Runs the command that the arguments begin with. Returns its exit status, or nullopt if they begin
// with neither. Prints what is wrong itself.
std::optional<int> run_recorder_command(std::span<const std::string> arguments);

}  // namespace cmd
