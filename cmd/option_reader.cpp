// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/option_reader.h"

#include <fmt/format.h>

#include <cstdio>
#include <vector>

namespace cmd {

Stop usage_error(std::string_view message, std::string_view command) {
    return Stop{kExitUsage, fmt::format("pidcap: {}\nTry 'pidcap {}{}--help'.\n", message, command,
                                        command.empty() ? "" : " ")};
}

int say(const Stop& stop) {
    fmt::print(stop.status == kExitDone ? stdout : stderr, "{}", stop.text);
    return stop.status;
}

std::optional<Stop> parse(CLI::App& app, std::span<const std::string> arguments,
                          std::string_view command) {
    try {
        app.parse(
            std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // as it takes them
    } catch (const CLI::ArgumentMismatch& stop) {
        const std::string_view what = stop.what();  // "-w: 1 required …"
        return usage_error(fmt::format("{} needs a value", what.substr(0, what.find(':'))),
                           command);
    } catch (const CLI::ExtrasError&) {
        return usage_error(
            fmt::format("{}: no such option", packet::printable(app.remaining().front())), command);
    } catch (const CLI::Error& stop) {
        return usage_error(packet::printable(stop.what()), command);
    }
    return std::nullopt;
}

}  // namespace cmd
