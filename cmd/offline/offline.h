// SPDX-License-Identifier: GPL-2.0-only
//
// The commands on files: no privileges, no kernel. Each lives in a file of its name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cmd {

// The exit status of the command that the first argument names; nullopt: it names none of these.
std::optional<int> run_offline(std::span<const std::string> arguments);

}  // namespace cmd
