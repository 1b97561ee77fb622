// SPDX-License-Identifier: GPL-2.0-only
//
// What every command line of ours shares: CLI11 splits it into words, our code reads the values, so
// that a bad one is refused in words of ours. Only for the files that parse.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "cmd/stop.h"
#include "cmd/values.h"
#include "packet/line/terminal_text.h"
#include "pcapng/result.h"

namespace cmd {

using pcapng::Error;

inline CLI::Option* flag(CLI::App& of, const std::string& names) {
    return of.add_flag(names)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

// One value each time. Without allow_extra_args(false), "-i a b" would take both, and "[x]" would
// be read as a list.
inline CLI::Option* value(CLI::App& of, const std::string& names) {
    return of.add_option(names)->expected(1)->allow_extra_args(false)->multi_option_policy(
        CLI::MultiOptionPolicy::TakeAll);
}

// What is wrong with the words, if anything. `command`: see usage_error.
std::optional<Stop> parse(CLI::App& app, std::span<const std::string> arguments,
                          std::string_view command = {});

template <typename From, typename To>
std::optional<Error> store(const Result<From>& from, To& to) {
    if (!from) {
        return from.error();
    }
    to = static_cast<typename std::conditional_t<std::is_arithmetic_v<To>, To, From>>(*from);
    return std::nullopt;
}

// Reads the values of a parsed command line one after the other; after the first error the rest
// do nothing.
class OptionReader {
  public:
    const std::optional<Error>& error() const { return error_; }

    void refuse_if(bool wrong, const std::string& message) {
        if (wrong && !error_) {
            error_ = Error{message};
        }
    }

    // Calls read(text) for each value of an option; it returns an Error or nothing.
    template <typename Read>
    void each(const CLI::Option* option, Read read) {
        for (const std::string& text : option->results()) {
            if (!error_) {
                error_ = read(text);
            }
        }
    }

    template <typename Read>
    void once(const CLI::Option* option, Read read) {
        refuse_if(option->count() > 1, fmt::format("{} is given twice", option->get_name()));
        each(option, read);
    }

    template <typename Target>
    void number(const CLI::Option* option, uint64_t min, uint64_t max, Target& target) {
        once(option, [&](const std::string& text) {
            return store(parse_number(option->get_name(), text, min, max), target);
        });
    }

    // One of a few words.
    template <typename Target, size_t kCount>
    void word(const CLI::Option* option,
              const std::array<std::pair<std::string_view, Target>, kCount>& words,
              Target& target) {
        once(option, [&](const std::string& text) -> std::optional<Error> {
            std::string allowed;
            for (const auto& [name, meaning] : words) {
                if (name == text) {
                    target = meaning;
                    return std::nullopt;
                }
                allowed += (allowed.empty() ? "" : ", ") + std::string(name);
            }
            return Error{fmt::format("{} {}: not one of {}", option->get_name(),
                                     packet::printable(text), allowed)};
        });
    }

    // The name of a file.
    void path(const CLI::Option* option, std::string& to) {
        once(option, [&](const std::string& text) -> std::optional<Error> {
            to = text;
            return text.empty() ? std::optional(Error{option->get_name() + ": an empty name"})
                                : std::nullopt;
        });
    }

    // The only FILE of a command.
    void only_file(const std::vector<std::string>& files, std::string& to) {
        refuse_if(files.size() != 1, files.empty() ? "which file?" : "one file at a time");
        if (!error_) {
            to = files.front();
        }
    }

    template <typename Target>
    void take(Result<Target> from, Target& to) {
        if (from) {
            to = *std::move(from);
        } else {
            refuse_if(true, from.error().message);
        }
    }

  private:
    std::optional<Error> error_;
};

}  // namespace cmd
