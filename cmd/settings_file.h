// SPDX-License-Identifier: GPL-2.0-only
//
// A file of --config: a long option a line, "name = value", without its dashes. A flag may stand
// alone, or have yes or no. Blank lines, and those that begin with "#" or ";", are left out; a
// value is taken as it stands, without the blanks around it. Passive data; command_line.h gives it
// to the options. Not CLI11's own configuration files: those split values at blanks and take "["
// for the beginning of a list, and expressions have both.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pcapng/result.h"

namespace cmd {

struct Setting {
    std::string name;
    std::optional<std::string> value;  // none: there is no "="
    size_t line = 0;                   // from 1
};

struct SettingsFile {
    std::string path;
    std::vector<Setting> settings;

    // "PATH:LINE", for messages.
    std::string place_of(const Setting& setting) const;
};

// Returns an error that names the line if it is no setting. Doesn't know which names there are.
pcapng::Result<SettingsFile> parse_settings(const std::string& path, std::string_view text);

// Reads a regular file of at most 1 MiB, under sudo with the rights of who called it: messages
// about a line cite it.
pcapng::Result<SettingsFile> read_settings_file(const std::string& path);

// "yes", "true", "on", "1", or their opposites; nullopt: neither.
std::optional<bool> parse_switch(std::string_view text);

}  // namespace cmd
