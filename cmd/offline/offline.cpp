// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/offline.h"

#include <array>

#include "cmd/live/live_options.h"
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
    bool captures = false;  // in place of a file, if it is asked to
};

constexpr auto kCommands = std::to_array<Command>({
    {"annotate", run_annotate},
    {"events", run_events},
    {"export", run_export},
    {"extract", run_extract},
    {"flows", run_flows, true},
    {"keys", run_keys},
    {"merge", run_merge},
    {"processes", run_processes, true},
    {"read", run_read},
    {"report", run_report, true},
});

}  // namespace

std::optional<int> run_offline(std::span<const std::string> arguments) {
    if (arguments.empty()) {
        return std::nullopt;
    }
    for (const Command& command : kCommands) {
        if (command.name == arguments.front()) {
            const auto words = arguments.subspan(1);
            // Files are read and written as the caller may; only a capture needs root's rights.
            const bool captures = command.captures && is_live(words);
            if (const auto caller = SudoCaller::find(); caller && !captures) {
                if (auto became = caller->become(); !became) {
                    print_message("pidcap {}: {}\n", command.name, became.error().message);
                    return kExitFailed;
                }
            }
            return command.run(words);
        }
    }
    return std::nullopt;
}

}  // namespace cmd
