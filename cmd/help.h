// SPDX-License-Identifier: GPL-2.0-only
//
// What --help and --version print. Constant text.
#pragma once

#include <string>
#include <string_view>

namespace cmd {

std::string help_text();
std::string_view doctor_help_text();
std::string_view setup_help_text();
std::string version_text();

}  // namespace cmd
