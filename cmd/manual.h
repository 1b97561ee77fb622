// SPDX-License-Identifier: GPL-2.0-only
//
// What docs/manual/ says of the commands and their options, as far as the program needs it: the
// text of each --help, the options that a command line may declare, and the topics of `pidcap
// help`. Constant text; scripts/manual makes it of the descriptions, and the man pages and
// completions with it.
#pragma once

#include <span>
#include <string_view>

#include "cmd/command_line.h"

namespace cmd {

struct DescribedOption {
    std::string_view names;  // separated by commas
    Option::Kind kind;
};

struct DescribedCommand {
    std::string_view name;  // empty: pidcap itself
    std::string_view help;
    std::span<const DescribedOption> options;
};

struct Topic {
    std::string_view name;
    std::string_view brief;
    std::string_view text;
};

// What `pidcap help` prints: commands and topics, a line each.
std::string_view overview();

std::span<const DescribedCommand> described_commands();
std::span<const Topic> topics();

// Returns null if there is none of this name.
const DescribedCommand* find_command(std::string_view name);
const Topic* find_topic(std::string_view name);

}  // namespace cmd
