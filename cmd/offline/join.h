// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap flows --join`: the conversations of several hosts' files, those of two hosts as one.
#pragma once

#include <span>
#include <string>

namespace cmd {

bool asks_for_join(std::span<const std::string> arguments);

// The exit status. Prints what is wrong itself.
int run_join(std::span<const std::string> arguments);

}  // namespace cmd
