// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/list_interfaces.h"

#include <fmt/format.h>

#include "capture/hooks/interfaces.h"
#include "cmd/message.h"
#include "cmd/options.h"
#include "packet/line/terminal_text.h"

namespace cmd {

int list_interfaces() {
    auto interfaces = capture::list_interfaces();
    if (!interfaces) {
        print_message("pidcap: {}\n", interfaces.error().message);
        return kExitFailed;
    }
    int number = 1;
    for (const capture::Interface& interface : *interfaces) {
        if (!capture::link_type(interface.arphrd)) {
            continue;
        }
        std::string state = interface.up() ? "Up" : "Down";
        state += interface.running() ? ", Running" : "";
        state += interface.loopback() ? ", Loopback" : "";
        state += interface.kind.empty() ? "" : ", " + interface.kind;
        fmt::print("{}.{} [{}]\n", number++, packet::printable(interface.name), state);
    }
    fmt::print("{}.any (all interfaces, also those that come later) [Up, Running]\n", number);
    return kExitDone;
}

}  // namespace cmd
