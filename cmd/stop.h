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

// Nothing to run: print `text` (it ends with a newline) to stdout when status is 0, else to
// stderr, and exit with status.
struct Stop {
    int status = kExitDone;
    std::string text;
};

// `command`: whose --help to try; empty: that of pidcap itself.
Stop usage_error(std::string_view message, std::string_view command = {});

}  // namespace cmd
