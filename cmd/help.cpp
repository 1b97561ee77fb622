// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/manual.h"
#include "packet/line/terminal_text.h"
#include "packet/version.h"

namespace cmd {
namespace {

constexpr std::string_view kCommand = "help";

// Levenshtein's distance: how many bytes have to be added, removed or replaced.
size_t distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 1; i <= a.size(); i++) {
        size_t diagonal = std::exchange(row[0], i);
        for (size_t j = 1; j <= b.size(); j++) {
            const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

std::vector<std::string_view> topic_names() {
    std::vector<std::string_view> names;
    for (const Topic& topic : topics()) {
        names.push_back(topic.name);
    }
    return names;
}

// The command or topic that was probably meant: the first that begins so, or else the one with
// which more than half of the name agrees. Empty: there is none.
std::string_view nearest(std::string_view name) {
    std::vector<std::string_view> names = topic_names();
    for (const DescribedCommand& command : described_commands()) {
        if (!command.name.empty()) {
            names.push_back(command.name);
        }
    }
    const auto longer =
        std::ranges::find_if(names, [&](std::string_view each) { return each.starts_with(name); });
    if (longer != names.end()) {
        return *longer;
    }
    const auto best = std::ranges::min_element(
        names, {}, [&](std::string_view each) { return distance(name, each); });
    return 2 * distance(name, *best) < name.size() ? *best : std::string_view();
}

Stop unknown(std::string_view name) {
    const std::string_view meant = name.empty() ? name : nearest(name);
    return Stop{kExitUsage,
                fmt::format("pidcap help: {}: no such command or topic{}\nTopics: {}\nCommands: "
                            "see 'pidcap help'.\n",
                            packet::printable(name),
                            meant.empty() ? "" : fmt::format("; did you mean {}?", meant),
                            fmt::join(topic_names(), ", "))};
}

}  // namespace

Stop help_about(std::span<const std::string> arguments) {
    CommandLine line(kCommand);
    const Option& help = line.flag("-h,--help");
    const Option& words = line.positionals("TOPIC");
    if (auto stop = line.parse(arguments)) {
        return *stop;
    }
    if (help.given()) {
        return help_of(kCommand);
    }
    if (words.values.empty()) {
        return Stop{kExitDone, std::string(overview())};
    }
    if (words.count() > 1) {
        return line.usage_error("one command or topic at a time");
    }
    const std::string& name = words.values.front();
    const bool is_command = !name.empty() && find_command(name) != nullptr;
    if (const Topic* topic = find_topic(name)) {
        return Stop{kExitDone,
                    fmt::format("{}{}", topic->text,
                                is_command ? fmt::format("\nThe options of the command: pidcap {} "
                                                         "--help\n",
                                                         name)
                                           : "")};
    }
    return is_command ? help_of(name) : unknown(name);
}

Stop help_of(std::string_view command) {
    const DescribedCommand* described = find_command(command);
    assert(described != nullptr);
    return Stop{kExitDone, std::string(described->help)};
}

std::string version_text() {
    return fmt::format("pidcap {}\n", packet::kVersion);
}

std::optional<int> run_help_command(std::span<const std::string> arguments) {
    if (arguments.empty() || arguments.front() != kCommand) {
        return std::nullopt;
    }
    return say(help_about(arguments.subspan(1)));
}

}  // namespace cmd
