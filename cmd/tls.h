// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap tls`: which TLS libraries programs and processes have in them, and where those tell their
// secrets. Prints on standard output. One thread.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace cmd {

// Runs the command if the arguments begin with it. Returns its exit status, or nullopt if they
// don't. Prints what is wrong itself.
std::optional<int> run_tls_command(std::span<const std::string> arguments);

}  // namespace cmd
