// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap events`: the events of a capture, as a table.
#pragma once

#include <span>
#include <string>

namespace cmd {

// The exit status. Prints what is wrong itself.
int run_events(std::span<const std::string> arguments);

}  // namespace cmd
