// SPDX-License-Identifier: GPL-2.0-only
//
// What --help, --version and `pidcap help` print. The texts come from docs/manual/ (manual.h).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cmd/stop.h"

namespace cmd {

// `pidcap COMMAND --help`; an empty name is pidcap itself. The command has to be described.
Stop help_of(std::string_view command);

std::string version_text();

// What `pidcap help [COMMAND|TOPIC]` prints, of the arguments behind "help". A name that is both,
// as events, is the topic.
Stop help_about(std::span<const std::string> arguments);

// Returns the exit status of `pidcap help`, or nothing if the arguments are another command's.
// Prints what is wrong itself.
std::optional<int> run_help_command(std::span<const std::string> arguments);

}  // namespace cmd
