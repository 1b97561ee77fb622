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
#include "cmd/help.h"
#include "cmd/list_interfaces.h"
#include "cmd/message.h"
#include "cmd/offline/offline.h"
#include "cmd/options.h"
#include "cmd/recorder/recorder_commands.h"
#include "cmd/run_capture.h"
#include "cmd/tls.h"
#include "cmd/top/top.h"
#include "cmd/wireshark/setup_wireshark.h"

namespace {

// What was printed goes out before the end, so that a full standard output is a failure.
int flushed(int status) {
    if (std::fflush(stdout) == 0) {
        return status;
    }
    cmd::write_message("pidcap: standard output can't be written\n");
    return cmd::kExitFailed;
}

int run(const std::vector<std::string>& arguments) {
    if (auto status = cmd::run_help_command(arguments)) {
        return flushed(*status);
    }
    if (auto status = cmd::run_offline(arguments)) {
        return *status;
    }
    if (auto status = cmd::run_recorder_command(arguments)) {
        return flushed(*status);
    }
    if (auto status = cmd::run_tls_command(arguments)) {
        return flushed(*status);
    }
    if (auto status = cmd::run_top_command(arguments)) {
        return flushed(*status);
    }
    auto parsed = cmd::parse_options(arguments);
    if (const auto* stop = std::get_if<cmd::Stop>(&parsed)) {
        return flushed(cmd::say(*stop));
    }
    auto& options = std::get<cmd::Options>(parsed);
    if (options.action == cmd::Options::Action::kRead) {
        std::vector<std::string> words = options.arguments;
        words.insert(words.begin(), "read");
        return *cmd::run_offline(words);
    }
    if (const auto resolved = cmd::resolve_interfaces(options); !resolved) {
        cmd::print_message("pidcap: {}\n", resolved.error().message);
        return cmd::kExitFailed;
    }
    switch (options.action) {
        case cmd::Options::Action::kListLinkTypes:
            return flushed(cmd::list_link_types(options));
        case cmd::Options::Action::kListInterfaces:
            return flushed(cmd::list_interfaces());
        case cmd::Options::Action::kListFilter:
            return flushed(cmd::list_filter(options));
        case cmd::Options::Action::kDoctor: {
            cmd::DoctorReport report =
                cmd::run_doctor(options, packet::use_color(options.color, STDOUT_FILENO));
            fmt::print("{}", report.text);
            return flushed(report.status);
        }
        case cmd::Options::Action::kSetupWireshark:
            return cmd::setup_wireshark(options, packet::use_color(options.color, STDOUT_FILENO));
        case cmd::Options::Action::kCapture:
        case cmd::Options::Action::kRead:
            break;
    }
    return cmd::run_capture(options);
}

}  // namespace

int main(int argc, char** argv) try {
    cmd::hold_standard_streams();
    return run({argv + 1, argv + argc});
} catch (const std::exception& error) {  // no memory, no standard output
    std::fprintf(stderr, "pidcap: %s\n", error.what());
    return cmd::kExitFailed;
}
