// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap flows --records`: a record of each conversation when it ends, and while it lasts; of a
// running capture or of a file.
#pragma once

#include <functional>
#include <span>
#include <string>

namespace cmd {

// Whether the arguments of `pidcap flows` ask for records.
bool asks_for_records(std::span<const std::string> arguments);

// The exit status. `help`: what `pidcap flows --help` prints.
int run_records(std::span<const std::string> arguments, const std::function<std::string()>& help);

}  // namespace cmd
