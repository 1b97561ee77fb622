// SPDX-License-Identifier: GPL-2.0-only
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "cmd/filter.h"
#include "cmd/message.h"
#include "cmd/options.h"
#include "cmd/wireshark/call.h"
#include "cmd/wireshark/dialog.h"
#include "cmd/wireshark/powers.h"
#include "cmd/wireshark/run.h"
#include "packet/version.h"

namespace {

using Action = extcap::Call::Action;

constexpr const char* kHelp =
    "pidcap-extcap: pidcap as an interface of Wireshark, which calls it. To install it there:\n"
    "'pidcap setup-wireshark'. To capture at a shell: 'pidcap'.\n";

int answer(const pcapng::Result<std::string>& text) {
    if (!text) {
        cmd::print_message("{}\n", text.error().message);
        return cmd::kExitFailed;
    }
    fmt::print("{}", *text);
    return cmd::kExitDone;
}

// A valid filter's answer is none; what is wrong with another one is no failure of ours.
pcapng::Result<std::string> check_filter(const extcap::Call& call) {
    const auto options = extcap::options_of(call);
    if (!options) {
        return options.error();
    }
    const auto filter = cmd::read_filter(*options);
    return filter ? "" : filter.error().message + "\n";
}

}  // namespace

int main(int argc, char** argv) try {
    cmd::hold_standard_streams();
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const extcap::Call call = extcap::parse_call(arguments);
    if (call.action != Action::kCapture) {
        if (auto given_up = extcap::give_up_powers(); !given_up) {
            return answer(given_up.error());
        }
    }
    switch (call.action) {
        case Action::kVersion:
            fmt::print("pidcap-extcap {}\n", packet::kVersion);
            return cmd::kExitDone;
        case Action::kHelp:
            fmt::print("{}", kHelp);
            return cmd::kExitDone;
        case Action::kInterfaces:
            return answer(extcap::describe_interfaces());
        case Action::kLinkTypes:
            return answer(extcap::describe_link_types(call.interface));
        case Action::kDialog:
            return answer(extcap::describe_dialog(call.interface));
        case Action::kReload:
            return answer(extcap::describe_values(call.option));
        case Action::kCheckFilter:
            return answer(check_filter(call));
        case Action::kCapture:
            return extcap::run(call);
        case Action::kCleanUp:
            return cmd::kExitDone;
        case Action::kNone:
            break;
    }
    cmd::print_message("{}", kHelp);
    return cmd::kExitUsage;
} catch (const std::exception& error) {  // no memory, no standard output
    std::fprintf(stderr, "pidcap-extcap: %s\n", error.what());
    return cmd::kExitFailed;
}
