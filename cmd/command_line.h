// SPDX-License-Identifier: GPL-2.0-only
//
// CommandLine: splits the arguments of a command into options and words. Declare the options,
// parse, then read their values with an OptionReader (option_reader.h), which reports a bad one in
// words of ours. CLI11 does the splitting: it is included by command_line.cpp alone. One thread.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/stop.h"

namespace cmd {

// What a command line has of one option. Empty until the line is parsed.
struct Option {
    enum class Kind { kFlag, kValue, kPositional };

    Kind kind;
    std::string names;                     // as declared: "-B,--buffer"
    std::string name = {};                 // the one for messages: "--buffer"
    std::vector<std::string> values = {};  // one each time it is given; a flag's mean nothing

    bool given() const { return !values.empty(); }
    size_t count() const { return values.size(); }
};

class CommandLine {
  public:
    // `name` is the command's, whose --help a usage error points to; empty: pidcap itself.
    explicit CommandLine(std::string_view name = {}) : name_(name) {}
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    // Declare an option with its names, separated by commas. A value option takes one value each
    // time it is given; flags and values may be given several times. The reference lives as long as
    // the line.
    const Option& flag(std::string_view names);
    const Option& value(std::string_view names);

    // Declares that the words that belong to no option are the values of this one. At most once.
    // Without it such words, and unknown options, are not errors, and stand in others().
    const Option& positionals(std::string_view name);

    // Declares a command within this one, which gets the arguments after its name.
    CommandLine& subcommand(std::string_view name);

    // Fills the options and subcommands. Returns the usage error, or nothing if there is none. Call
    // it once, after all declarations, and not for a subcommand.
    std::optional<Stop> parse(std::span<const std::string> arguments);

    // The rest is for after parse().

    // How often this subcommand is named.
    size_t count() const { return count_; }
    bool given() const { return count_ > 0; }
    bool any_option_given() const;
    const std::vector<std::string>& others() const { return others_; }

    Stop usage_error(std::string_view message) const { return cmd::usage_error(message, name_); }

  private:
    struct Parser;

    const Option& add(Option::Kind kind, std::string_view names);

    std::string name_;
    std::deque<Option> options_;
    std::list<CommandLine> subcommands_;
    std::vector<std::string> others_;
    size_t count_ = 0;
};

}  // namespace cmd
