// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap flows --records`: a record of each conversation when it ends, and while it lasts; of a
// running capture or of a file.
#pragma once

#include <span>
#include <string>

namespace cmd {

// Whether the arguments of `pidcap flows` ask for records.
bool asks_for_records(std::span<const std::string> arguments);

// The exit status. Prints what is wrong itself.
int run_records(std::span<const std::string> arguments);

}  // namespace cmd
