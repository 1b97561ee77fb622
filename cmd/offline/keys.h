// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap keys FILE`: the TLS keys in a capture, as a key log file.
#pragma once

#include <span>
#include <string>

namespace cmd {

int run_keys(std::span<const std::string> arguments);

}  // namespace cmd
