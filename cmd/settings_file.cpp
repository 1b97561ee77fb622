// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/settings_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "cmd/read_all.h"
#include "cmd/sudo_caller.h"
#include "packet/line/terminal_text.h"
#include "pcapng/fd.h"

namespace cmd {
namespace {

using pcapng::errno_error;
using pcapng::Error;
using pcapng::Fd;
using pcapng::Result;

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// As in "rotate-size".
bool is_name(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

std::string SettingsFile::place_of(const Setting& setting) const {
    return fmt::format("{}:{}", packet::printable(path), setting.line);
}

Result<SettingsFile> parse_settings(const std::string& path, std::string_view text) {
    SettingsFile file{path, {}};
    for (size_t number = 1; !text.empty(); number++) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == '#' || line.front() == ';') {
            continue;
        }
        const size_t equals = line.find('=');
        Setting setting{std::string(trimmed(line.substr(0, equals))), std::nullopt, number};
        if (equals != std::string_view::npos) {
            setting.value = trimmed(line.substr(equals + 1));
        }
        if (!is_name(setting.name) || line.find('\0') != std::string_view::npos) {
            return Error{
                fmt::format("{}: {}: not a long option without its dashes, as in "
                            "\"interface = any\"",
                            file.place_of(setting), packet::printable(setting.name))};
        }
        file.settings.push_back(std::move(setting));
    }
    return file;
}

Result<SettingsFile> read_settings_file(const std::string& path) {
    const std::string shown = packet::printable(path);
    Fd file;
    int code = 0;
    auto acted = act_as_caller([&] {
        file = Fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        code = errno;
    });
    if (!acted) {
        return std::move(acted).error();
    }
    if (!file.valid()) {
        return errno_error("open " + shown, code);
    }
    struct stat status {};
    if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return Error{shown + ": not a regular file", EINVAL};
    }
    auto text = read_all(file, "read " + shown);
    return text ? parse_settings(path, *text) : Result<SettingsFile>(std::move(text).error());
}

std::optional<bool> parse_switch(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, bool>, 8> kWords{{{"yes", true},
                                                                              {"true", true},
                                                                              {"on", true},
                                                                              {"1", true},
                                                                              {"no", false},
                                                                              {"false", false},
                                                                              {"off", false},
                                                                              {"0", false}}};
    const auto* const found = std::find_if(kWords.begin(), kWords.end(),
                                           [&](const auto& word) { return word.first == text; });
    return found != kWords.end() ? std::optional(found->second) : std::nullopt;
}

}  // namespace cmd
