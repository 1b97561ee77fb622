// SPDX-License-Identifier: GPL-2.0-only
//
// The options that select packets by process, as one expression: different options are joined by
// "and", several values of one by "or", and a value after "!" is excluded. Asks nobody but the user
// database, and of a file not even that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "packet/filter/process_filter.h"
#include "packet/filter/process_selections.h"
#include "pcapng/result.h"

namespace cmd {

// What was given, by option; --user counts as --uid.
struct ProcessOptionValues {
    std::vector<std::string> pid = {};
    std::vector<std::string> comm = {};
    std::vector<std::string> exe = {};
    std::vector<std::string> cmdline = {};
    std::vector<std::string> uid = {};
    std::vector<std::string> gid = {};
    std::vector<std::string> cgroup = {};
    std::vector<std::string> container = {};
    std::vector<std::string> container_name = {};
    std::vector<std::string> image = {};
    std::vector<std::string> pod = {};
    std::vector<std::string> unit = {};
    std::vector<std::string> tree = {};
    std::vector<std::string> process = {};
    bool unattributed = false;
    bool kernel = false;
    bool follow = false;
    bool command = false;      // there is one after --
    bool pid_or_tree = false;  // --pid and --tree are alternatives, too
    // They are asked about a file, perhaps another machine's: names of users are compared with
    // those that it tells, not looked up here; groups aren't told; pids and names may be larger.
    bool of_file = false;

    bool operator==(const ProcessOptionValues&) const = default;
};

// What the options select.
struct ProcessChoice {
    std::vector<uint32_t> pids = {};   // --pid and
    std::vector<uint32_t> trees = {};  // --tree, those that aren't excluded
    packet::ProcessExpression others = {};
    // The values of the options that `others` is made of, but those that are excluded and
    // --process.
    std::vector<packet::ProcessSelection> selections = {};
    bool follow = false;
    bool pid_or_tree = false;  // a process of either is selected
};

// A message for the expression `text` of --process, with the place of the error below the text.
std::string syntax_message(std::string_view text, const packet::SyntaxError& error);

pcapng::Result<ProcessChoice> read_process_options(const ProcessOptionValues& values);

// The packets of a command's tree, and those of --pid and --tree, if the rest holds for them.
packet::ProcessConditions conditions_of(const ProcessChoice& choice,
                                        std::optional<uint32_t> command_pid);

}  // namespace cmd
