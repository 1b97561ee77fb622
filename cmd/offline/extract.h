// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap extract`: the wanted packets of a file, with their processes, into another file, or into
// one for each process, container or user.
#pragma once

#include <span>
#include <string>

namespace cmd {

// The exit status. Prints what is wrong itself.
int run_extract(std::span<const std::string> arguments);

}  // namespace cmd
