// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap merge`: the files of several hosts as one, in the order of time, with each host's
// processes its own.
#pragma once

#include <span>
#include <string>

namespace cmd {

// The exit status. Prints what is wrong itself.
int run_merge(std::span<const std::string> arguments);

}  // namespace cmd
