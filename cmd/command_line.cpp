// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "cmd/manual.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

// CLI11 gives a positional all words only up to its least number, or if it may also split "[a,b]"
// into "a" and "b". So the least number is one that is never reached.
constexpr int kAnyNumber = 1 << 28;

// CLI11 takes no such name. split_letters() has replaced it.
constexpr std::string_view kNumberSign = "-#";

// What CLI11 calls a flag may have a value behind "=".
bool is_flag_to_cli11(const Option& option) {
    return option.kind == Option::Kind::kFlag || option.kind == Option::Kind::kOptionalValue;
}

// What it gives a flag as its value.
constexpr std::string_view kNoValue = "true";

CLI::Option* add_to_app(const Option& option, CLI::App& app) {
    const bool by_long_name = option.names == kNumberSign;
    const std::string names =
        by_long_name ? option.also : option.names + (option.also.empty() ? "" : ",") + option.also;
    CLI::Option* declared = is_flag_to_cli11(option) ? app.add_flag(names) : app.add_option(names);
    if (!is_flag_to_cli11(option)) {
        // One value each time, as it is. Otherwise "-i a b" would take both, and "[x]" would be
        // read as a list.
        declared->expected(option.kind == Option::Kind::kValue ? 1 : kAnyNumber)
            ->allow_extra_args(false);
    }
    return declared->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

// The names of an option, as in "-B,--buffer".
std::vector<std::string_view> split(std::string_view names) {
    std::vector<std::string_view> all;
    while (!names.empty()) {
        const size_t end = std::min(names.find(','), names.size());
        all.push_back(names.substr(0, end));
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    return all;
}

// Whether the command has an option of this kind with just these names.
bool is_described(const DescribedCommand& command, const Option& option) {
    std::vector<std::string_view> declared = split(option.names);
    const std::vector<std::string_view> more = split(option.also);
    declared.insert(declared.end(), more.begin(), more.end());
    return std::ranges::any_of(command.options, [&](const DescribedOption& each) {
        return each.kind == option.kind && std::ranges::is_permutation(split(each.names), declared);
    });
}

// The long names without dashes, the one for messages first.
std::vector<std::string_view> long_names(const Option& option) {
    std::vector<std::string_view> all;
    for (const std::string_view names :
         {std::string_view(option.names), std::string_view(option.also)}) {
        for (const std::string_view name : split(names)) {
            if (name.starts_with("--")) {
                all.push_back(name.substr(2));
            }
        }
    }
    return all;
}

// The first long name as it was declared, or else the short one.
std::string message_name(const Option& option) {
    const std::vector<std::string_view> names = split(option.names);
    const auto found = std::find_if(names.begin(), names.end(),
                                    [](std::string_view name) { return name.starts_with("--"); });
    return std::string(found != names.end() ? *found : names.front());
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

    // The name for messages of the option that CLI11 calls so.
    std::string name_of(std::string_view called) const {
        for (const auto& [from, option] : options) {
            if (from->get_name() == called) {
                return message_name(*option);
            }
        }
        return std::string(called);
    }

    void fill() const {
        for (const auto& [from, option] : options) {
            option->name = message_name(*option);
            option->values = from->results();
            if (option->kind == Option::Kind::kOptionalValue) {
                std::replace(option->values.begin(), option->values.end(), std::string(kNoValue),
                             std::string());
            }
        }
        for (const auto& [from, line] : lines) {
            line->others_ = from->remaining();
            line->count_ = from->count();
        }
    }
};

const Option& CommandLine::add(Option::Kind kind, std::string_view names, std::string_view also) {
    return options_.emplace_back(
        Option{.kind = kind, .names = std::string(names), .also = std::string(also)});
}

const Option& CommandLine::add_described(Option::Kind kind, std::string_view names,
                                         std::string_view also) {
    const Option& option = add(kind, names, also);
    const DescribedCommand* command = find_command(name_);
    if (command != nullptr && !is_described(*command, option) && !undescribed_) {
        undescribed_ = fmt::format("pidcap {}: {}{}{} isn't described so in docs/manual/\n", name_,
                                   names, also.empty() ? "" : ",", also);
    }
    return option;
}

const Option& CommandLine::flag(std::string_view names, std::string_view also) {
    return add_described(Option::Kind::kFlag, names, also);
}

const Option& CommandLine::value(std::string_view names, std::string_view also) {
    return add_described(Option::Kind::kValue, names, also);
}

const Option& CommandLine::optional_value(std::string_view long_name) {
    return add_described(Option::Kind::kOptionalValue, long_name);
}

const Option& CommandLine::unlisted_flag(std::string_view names) {
    return add(Option::Kind::kFlag, names);
}

const Option& CommandLine::unlisted_value(std::string_view names) {
    return add(Option::Kind::kValue, names);
}

const std::string* CommandLine::undescribed() const {
    if (undescribed_) {
        return &*undescribed_;
    }
    for (const CommandLine& subcommand : subcommands_) {
        if (const std::string* found = subcommand.undescribed()) {
            return found;
        }
    }
    return nullptr;
}

const Option* CommandLine::find(std::string_view long_name) const {
    const auto found = std::find_if(options_.begin(), options_.end(), [&](const Option& option) {
        const auto names = long_names(option);
        return std::find(names.begin(), names.end(), long_name) != names.end();
    });
    return found != options_.end() ? &*found : nullptr;
}

Option* CommandLine::find(std::string_view long_name) {
    return const_cast<Option*>(std::as_const(*this).find(long_name));
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

const Option* CommandLine::find_letter(char letter) const {
    const auto found = std::find_if(options_.begin(), options_.end(), [&](const Option& option) {
        const auto names = split(option.names);
        return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
            return name.size() == 2 && name[0] == '-' && name[1] == letter;
        });
    });
    return found != options_.end() ? &*found : nullptr;
}

// Whether the word is an option whose value is the next word. `word`: of one letter, or long.
bool CommandLine::takes_next(std::string_view word) const {
    const Option* option = nullptr;
    if (word.starts_with("--")) {
        option = find(word.substr(2));
    } else if (word.size() == 2 && word[0] == '-') {
        option = find_letter(word[1]);
    }
    return option != nullptr && option->kind == Option::Kind::kValue;
}

std::vector<std::string> CommandLine::split_letters(std::span<const std::string> arguments) const {
    std::vector<std::string> words;
    for (size_t i = 0; i < arguments.size(); i++) {
        const std::string& word = arguments[i];
        if (word == "--") {
            words.insert(words.end(), arguments.begin() + static_cast<ptrdiff_t>(i),
                         arguments.end());
            break;
        }
        std::vector<std::string> letters;
        const bool bundle = word.size() > 1 && word[0] == '-' && word[1] != '-';
        for (size_t at = 1; bundle && at < word.size(); at++) {
            const Option* option = find_letter(word[at]);
            if (option == nullptr) {
                letters.clear();
                break;
            }
            if (option->kind == Option::Kind::kValue) {
                letters.push_back('-' + word.substr(at));
                break;
            }
            letters.push_back(option->names == kNumberSign ? option->also
                                                           : std::string{'-', word[at]});
        }
        if (letters.empty()) {
            words.push_back(word);
        } else {
            words.insert(words.end(), letters.begin(), letters.end());
        }
        if (takes_next(words.back()) && i + 1 < arguments.size()) {
            words.push_back(arguments[++i]);
        }
    }
    return words;
}

bool CommandLine::has_letter(std::span<const std::string> words, std::string_view letter) const {
    for (size_t i = 0; i < words.size() && words[i] != "--"; i += takes_next(words[i]) ? 2 : 1) {
        if (words[i].starts_with(letter)) {
            return true;
        }
    }
    return false;
}

std::optional<Stop> CommandLine::parse(std::span<const std::string> arguments) {
    if (const std::string* wrong = undescribed()) {
        return Stop{kExitFailed, *wrong};
    }
    Parser parser;
    parser.declare(*this, parser.app);
    try {
        // CLI11 takes them from the back.
        const std::vector<std::string> words = split_letters(arguments);
        parser.app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
    } catch (const CLI::ArgumentMismatch& error) {
        const std::string_view what = error.what();  // "-w: 1 required …"
        return usage_error(
            fmt::format("{} needs a value", parser.name_of(what.substr(0, what.find(':')))));
    } catch (const CLI::ExtrasError&) {
        return usage_error(
            fmt::format("{}: no such option", packet::printable(parser.app.remaining().front())));
    } catch (const CLI::Error& error) {
        return usage_error(packet::printable(error.what()));
    }
    parser.fill();
    return std::nullopt;
}

pcapng::Result<void> CommandLine::add_settings(const SettingsFile& file,
                                               std::span<const std::string_view> except) {
    for (const Setting& setting : file.settings) {
        const std::string place = file.place_of(setting);
        const auto refuse = [&](std::string_view why) {
            return pcapng::Error{fmt::format("{}: {}: {}", place, setting.name, why)};
        };
        Option* option = find(setting.name);
        if (option == nullptr) {
            return refuse("no such option");
        }
        // A switch says of an optional value that it is left out.
        const bool is_optional = option->kind == Option::Kind::kOptionalValue;
        const bool is_flag =
            option->kind == Option::Kind::kFlag ||
            (is_optional && (!setting.value || parse_switch(*setting.value).has_value()));
        if (!is_flag && !setting.value) {
            return refuse("needs a value, as in \"interface = any\"");
        }
        const auto on = is_flag ? parse_switch(setting.value.value_or("yes")) : std::nullopt;
        if (is_flag && !on) {
            return refuse(
                fmt::format("{} is neither yes nor no", packet::printable(*setting.value)));
        }
        const bool taken = option->given() && option->places.empty();  // by the command line
        if (taken || (is_flag && !*on) ||
            std::find(except.begin(), except.end(), setting.name) != except.end()) {
            continue;
        }
        option->name = setting.name;
        option->values.push_back(!is_flag      ? *setting.value
                                 : is_optional ? std::string()
                                               : std::string(kNoValue));
        option->places.push_back(place);
    }
    return {};
}

std::string CommandLine::place_of_error(std::string_view message) const {
    for (const Option& option : options_) {
        const auto names = split(option.names);
        const bool named = std::any_of(names.begin(), names.end(), [&](std::string_view name) {
            return message.starts_with(std::string(name) + ' ') ||
                   message.starts_with(std::string(name) + ':');
        });
        if (!named || option.places.empty()) {
            continue;
        }
        for (size_t i = 0; i < option.values.size(); i++) {
            if (message.find(packet::printable(option.values[i])) != std::string_view::npos) {
                return option.places[i];
            }
        }
        return option.places.front();
    }
    return {};
}

std::map<std::string, std::vector<std::string>> CommandLine::settings() const {
    std::map<std::string, std::vector<std::string>> all;
    for (const Option& option : options_) {
        if (const auto names = long_names(option); option.given() && !names.empty()) {
            all.emplace(names.front(), option.values);
        }
    }
    return all;
}

}  // namespace cmd
