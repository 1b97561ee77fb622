// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/offline.h"

#include <array>

#include "cmd/message.h"
#include "cmd/offline/annotate.h"
#include "cmd/offline/events.h"
#include "cmd/offline/export.h"
#include "cmd/offline/extract.h"
#include "cmd/offline/flows.h"
#include "cmd/offline/keys.h"
#include "cmd/offline/merge.h"
#include "cmd/offline/processes.h"
#include "cmd/offline/read.h"
#include "cmd/offline/report.h"
#include "cmd/stop.h"
#include "cmd/sudo_caller.h"

namespace cmd {
namespace {

struct Command {
    std::string_view name;
    // `arguments`: those behind the name. Prints what is wrong itself.
    int (*run)(std::span<const std::string> arguments);
};

constexpr auto kCommands = std::to_array<Command>({
    {"annotate", run_annotate},
    {"events", run_events},
    {"export", run_export},
    {"extract", run_extract},
    {"flows", run_flows},
    {"keys", run_keys},
    {"merge", run_merge},
    {"processes", run_processes},
    {"read", run_read},
    {"report", run_report},
});

}  // namespace

std::optional<int> run_offline(std::span<const std::string> arguments) {
    if (arguments.empty()) {
        return std::nullopt;
    }
    for (const Command& command : kCommands) {
        if (command.name == arguments.front()) {
            // Nothing here needs root's rights: files are read and written as the caller may.
            if (const auto caller = SudoCaller::find()) {
                if (auto became = caller->become(); !became) {
                    print_message("pidcap {}: {}\n", command.name, became.error().message);
                    return kExitFailed;
                }
            }
            return command.run(arguments.subspan(1));
        }
    }
    return std::nullopt;
}

}  // namespace cmd
