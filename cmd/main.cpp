// SPDX-License-Identifier: GPL-2.0-only
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "cmd/doctor.h"
#include "cmd/filter.h"
#include "cmd/list_interfaces.h"
#include "cmd/message.h"
#include "cmd/offline/offline.h"
#include "cmd/options.h"
#include "cmd/run_capture.h"
#include "cmd/wireshark/setup_wireshark.h"

int main(int argc, char** argv) try {
    cmd::hold_standard_streams();
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (auto status = cmd::run_offline(arguments)) {
        return *status;
    }
    auto parsed = cmd::parse_options(arguments);
    if (const auto* stop = std::get_if<cmd::Stop>(&parsed)) {
        return cmd::say(*stop);
    }
    const auto& options = std::get<cmd::Options>(parsed);
    switch (options.action) {
        case cmd::Options::Action::kListInterfaces:
            return cmd::list_interfaces();
        case cmd::Options::Action::kListFilter:
            return cmd::list_filter(options);
        case cmd::Options::Action::kDoctor: {
            cmd::DoctorReport report =
                cmd::run_doctor(options.json, packet::use_color(options.color, STDOUT_FILENO));
            fmt::print("{}", report.text);
            return report.status;
        }
        case cmd::Options::Action::kSetupWireshark:
            return cmd::setup_wireshark(options, packet::use_color(options.color, STDOUT_FILENO));
        case cmd::Options::Action::kCapture:
            break;
    }
    return cmd::run_capture(options);
} catch (const std::exception& error) {  // no memory, no standard output
    std::fprintf(stderr, "pidcap: %s\n", error.what());
    return cmd::kExitFailed;
}
