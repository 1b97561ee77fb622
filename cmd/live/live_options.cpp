// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/live/live_options.h"

#include <fmt/format.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <optional>

#include "cmd/list_interfaces.h"
#include "cmd/message.h"
#include "cmd/run_capture.h"

namespace cmd {
namespace {

// A capture takes them one by one, and leaves the one that ended it. What is printed after it can
// be ended as any program.
void stop_by_signals_again() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
        sigaddset(&signals, number);
    }
    const timespec now{};
    while (sigtimedwait(&signals, nullptr, &now) > 0) {
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace

bool is_live(std::span<const std::string> arguments) {
    const auto end = std::ranges::find(arguments, "--");
    return std::any_of(arguments.begin(), end, [](const std::string& word) {
        return word == "--live" || word == "--hook" || word.starts_with("--hook=") ||
               (word.starts_with("-i") && !word.starts_with("--"));
    });
}

std::optional<Stop> LiveLine::parse(std::span<const std::string> arguments) {
    const auto end = std::ranges::find(arguments, "--");
    behind_.assign(end, arguments.end());
    return line_.parse({arguments.begin(), end});
}

std::variant<Options, Stop> LiveLine::capture() const {
    std::vector<std::string> words = line_.others();
    words.insert(words.end(), behind_.begin(), behind_.end());
    auto parsed = parse_options(words);
    auto* options = std::get_if<Options>(&parsed);
    if (options == nullptr) {
        return parsed;
    }
    const bool elsewhere = options->output || options->print || options->lines_as_json;
    if (options->action != Options::Action::kCapture || elsewhere) {
        return line_.usage_error(fmt::format(
            "{} of a capture writes nothing but its result: leave out -w, -r, --print and what "
            "doesn't capture",
            command_));
    }
    if (!options->finds_processes) {
        return line_.usage_error("--no-process: nothing is known of processes then");
    }
    options->container_addresses = true;
    if (!options->settings.contains("snaplen")) {
        options->snaplen = kLiveSnaplen;
    }
    return parsed;
}

int run_live(Options options, LiveSink& sink) {
    if (const auto resolved = resolve_interfaces(options); !resolved) {
        print_message("pidcap: {}\n", resolved.error().message);
        return kExitFailed;
    }
    const int status = run_capture(options, &sink);
    stop_by_signals_again();
    return status;
}

}  // namespace cmd
