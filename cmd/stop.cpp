// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/stop.h"

#include <fmt/format.h>

#include <cstdio>

#include "cmd/message.h"

namespace cmd {

Stop usage_error(std::string_view message, std::string_view command) {
    return Stop{kExitUsage, fmt::format("pidcap: {}\nTry 'pidcap {}{}--help'.\n", message, command,
                                        command.empty() ? "" : " ")};
}

int say(const Stop& stop) {
    if (stop.status == kExitDone) {
        fmt::print("{}", stop.text);
    } else {
        write_message(stop.text);
    }
    return stop.status;
}

}  // namespace cmd
