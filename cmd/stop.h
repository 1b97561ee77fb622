// SPDX-License-Identifier: GPL-2.0-only
//
// Why a command line runs nothing, and the exit statuses of every command.
#pragma once

#include <string>
#include <string_view>

namespace cmd {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// Nothing to run: say() it, and exit with status. `text` ends with a newline.
struct Stop {
    int status = kExitDone;
    std::string text;
};

// Prints the text, to stdout when status is 0, else to stderr. The status.
int say(const Stop& stop);

// `command`: whose --help to try; empty: that of pidcap itself.
Stop usage_error(std::string_view message, std::string_view command = {});

}  // namespace cmd
