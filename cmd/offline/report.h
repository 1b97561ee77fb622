// SPDX-License-Identifier: GPL-2.0-only
//
// `pidcap report FILE`: the file as one HTML page.
#pragma once

#include <span>
#include <string>

namespace cmd {

int run_report(std::span<const std::string> arguments);

}  // namespace cmd
