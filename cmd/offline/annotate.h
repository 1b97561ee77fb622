// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap annotate`: a plain capture with the processes that a table of conversations of the same
// time names.
#pragma once

#include <span>
#include <string>

namespace cmd {

// The exit status. Prints what is wrong itself.
int run_annotate(std::span<const std::string> arguments);

}  // namespace cmd
