// SPDX-License-Identifier: GPL-2.0-only
//
// CommandLine: splits the arguments of a command into options and words. Declare the options,
// parse, then read their values with an OptionReader (option_reader.h), which reports a bad one in
// words of ours. A command's options are those that docs/manual/ describes (manual.h): it can't
// declare another one. CLI11 does the splitting: it is included by command_line.cpp alone. One
// thread.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/settings_file.h"
#include "cmd/stop.h"
#include "pcapng/result.h"

namespace cmd {

// What a command line has of one option. Empty until the line is parsed.
struct Option {
    enum class Kind {
        kFlag,
        kValue,
        kOptionalValue,  // only behind "=": --option=VALUE
        kPositional
    };

    Kind kind;
    std::string names;                     // as declared: "-B,--buffer"
    std::string also = {};                 // one more, which messages don't use
    std::string name = {};                 // the one for messages: "--buffer"
    std::vector<std::string> values = {};  // one each time it is given; a flag's mean nothing,
                                           // an optional one that is left out is empty
    std::vector<std::string> places = {};  // "FILE:LINE" of each value, if they are a file's

    bool given() const { return !values.empty(); }
    size_t count() const { return values.size(); }
};

class CommandLine {
  public:
    // `name` is the command's, whose --help a usage error points to; empty: pidcap itself. Of a
    // name that docs/manual/ doesn't know, as in a test, any option can be declared.
    explicit CommandLine(std::string_view name) : name_(name) {}
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    // Declare an option with its names, separated by commas. A value option takes one value each
    // time it is given; flags and values may be given several times. The reference lives as long as
    // the line. `also`: a long name for an option whose messages use the short one.
    const Option& flag(std::string_view names, std::string_view also = {});
    const Option& value(std::string_view names, std::string_view also = {});
    const Option& optional_value(std::string_view long_name);

    // Declare options that no help tells of: tcpdump's, which do nothing here (tcpdump_options.h).
    const Option& unlisted_flag(std::string_view names);
    const Option& unlisted_value(std::string_view names);

    // Declares that the words that belong to no option are the values of this one. At most once.
    // Without it such words, and unknown options, are not errors, and stand in others().
    const Option& positionals(std::string_view name);

    // Declares a command within this one, which gets the arguments after its name.
    CommandLine& subcommand(std::string_view name);

    // Takes words of several letters apart, as parse() does: "-nr" "file" gives "-n", "-r", "file".
    // A value stays with its letter: "-c5". Words that aren't options of this line stay as they
    // are, as do values, and what follows "--".
    std::vector<std::string> split_letters(std::span<const std::string> arguments) const;

    // Whether the option with this letter, "-r", is among words that split_letters() has returned.
    bool has_letter(std::span<const std::string> words, std::string_view letter) const;

    // Fills the options and subcommands. Returns the usage error, or nothing if there is none; an
    // option that was declared otherwise than described is a failure. Call it once, after all
    // declarations, and not for a subcommand.
    std::optional<Stop> parse(std::span<const std::string> arguments);

    const std::string& name() const { return name_; }

    // The rest is for after parse().

    // Gives the options that aren't on the command line the values that a file has for them. Of the
    // options `except`, by their long names, none is taken from it. Returns an error that names the
    // line if there is no such option, or it can't have this value.
    pcapng::Result<void> add_settings(const SettingsFile& file,
                                      std::span<const std::string_view> except);

    // The place in a file that an error message about an option is about: the value's that it
    // cites. Empty if it names no option that has its values from a file.
    std::string place_of_error(std::string_view message) const;

    // The long name, without dashes, and the values of each option that is given and has one.
    std::map<std::string, std::vector<std::string>> settings() const;

    // How often this subcommand is named.
    size_t count() const { return count_; }
    bool given() const { return count_ > 0; }
    bool any_option_given() const;
    const std::vector<std::string>& others() const { return others_; }

    Stop usage_error(std::string_view message) const { return cmd::usage_error(message, name_); }

  private:
    struct Parser;

    const Option& add(Option::Kind kind, std::string_view names, std::string_view also = {});
    const Option& add_described(Option::Kind kind, std::string_view names,
                                std::string_view also = {});
    const std::string* undescribed() const;
    const Option* find(std::string_view long_name) const;
    Option* find(std::string_view long_name);
    const Option* find_letter(char letter) const;
    bool takes_next(std::string_view word) const;

    std::string name_;
    std::deque<Option> options_;
    std::list<CommandLine> subcommands_;
    std::optional<std::string> undescribed_;  // the first option that was declared otherwise
    std::vector<std::string> others_;
    size_t count_ = 0;
};

}  // namespace cmd
