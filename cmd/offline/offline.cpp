// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/offline.h"

#include <array>

#include "cmd/offline/export.h"
#include "cmd/offline/flows.h"
#include "cmd/offline/processes.h"
#include "cmd/offline/report.h"

namespace cmd {
namespace {

struct Command {
    std::string_view name;
    // `arguments`: those behind the name. Prints what is wrong itself.
    int (*run)(std::span<const std::string> arguments);
};

constexpr std::array<Command, 4> kCommands{{
    {"export", run_export},
    {"flows", run_flows},
    {"processes", run_processes},
    {"report", run_report},
}};

}  // namespace

std::optional<int> run_offline(std::span<const std::string> arguments) {
    if (arguments.empty()) {
        return std::nullopt;
    }
    for (const Command& command : kCommands) {
        if (command.name == arguments.front()) {
            return command.run(arguments.subspan(1));
        }
    }
    return std::nullopt;
}

}  // namespace cmd
