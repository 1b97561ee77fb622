// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

// CLI11 gives a positional all words only up to its least number, or if it may also split "[a,b]"
// into "a" and "b". So the least number is one that is never reached.
constexpr int kAnyNumber = 1 << 28;

CLI::Option* add_to_app(const Option& option, CLI::App& app) {
    CLI::Option* declared = option.kind == Option::Kind::kFlag ? app.add_flag(option.names)
                                                               : app.add_option(option.names);
    if (option.kind != Option::Kind::kFlag) {
        // One value each time, as it is. Otherwise "-i a b" would take both, and "[x]" would be
        // read as a list.
        declared->expected(option.kind == Option::Kind::kValue ? 1 : kAnyNumber)
            ->allow_extra_args(false);
    }
    return declared->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace

// A command line as CLI11 has it, and what is to be filled from it.
struct CommandLine::Parser {
    CLI::App app;
    std::vector<std::pair<const CLI::Option*, Option*>> options;
    std::vector<std::pair<const CLI::App*, CommandLine*>> lines;

    void declare(CommandLine& line, CLI::App& into) {
        into.set_help_flag();
        lines.emplace_back(&into, &line);
        bool has_positionals = false;
        for (Option& option : line.options_) {
            options.emplace_back(add_to_app(option, into), &option);
            has_positionals = has_positionals || option.kind == Option::Kind::kPositional;
        }
        into.allow_extras(!has_positionals);
        for (CommandLine& subcommand : line.subcommands_) {
            declare(subcommand, *into.add_subcommand(subcommand.name_));
        }
    }

    void fill() const {
        for (const auto& [from, option] : options) {
            option->name = from->get_name();
            option->values = from->results();
        }
        for (const auto& [from, line] : lines) {
            line->others_ = from->remaining();
            line->count_ = from->count();
        }
    }
};

const Option& CommandLine::add(Option::Kind kind, std::string_view names) {
    return options_.emplace_back(Option{.kind = kind, .names = std::string(names)});
}

const Option& CommandLine::flag(std::string_view names) {
    return add(Option::Kind::kFlag, names);
}

const Option& CommandLine::value(std::string_view names) {
    return add(Option::Kind::kValue, names);
}

const Option& CommandLine::positionals(std::string_view name) {
    return add(Option::Kind::kPositional, name);
}

CommandLine& CommandLine::subcommand(std::string_view name) {
    return subcommands_.emplace_back(name);
}

bool CommandLine::any_option_given() const {
    return std::any_of(options_.begin(), options_.end(),
                       [](const Option& option) { return option.given(); });
}

std::optional<Stop> CommandLine::parse(std::span<const std::string> arguments) {
    Parser parser;
    parser.declare(*this, parser.app);
    try {
        // CLI11 takes them from the back.
        parser.app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ArgumentMismatch& error) {
        const std::string_view what = error.what();  // "-w: 1 required …"
        return usage_error(fmt::format("{} needs a value", what.substr(0, what.find(':'))));
    } catch (const CLI::ExtrasError&) {
        return usage_error(
            fmt::format("{}: no such option", packet::printable(parser.app.remaining().front())));
    } catch (const CLI::Error& error) {
        return usage_error(packet::printable(error.what()));
    }
    parser.fill();
    return std::nullopt;
}

}  // namespace cmd
