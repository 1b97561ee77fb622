// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap read`: the packets of files as lines, as the live view prints them, or as JSON.
#pragma once

#include <span>
#include <string>

namespace cmd {

// The exit status. Prints what is wrong itself.
int run_read(std::span<const std::string> arguments);

}  // namespace cmd
