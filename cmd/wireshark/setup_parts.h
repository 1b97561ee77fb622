// SPDX-License-Identifier: GPL-2.0-only
//
// What setup_*.cpp share: what belongs into Wireshark's folders, and the three things to do with
// it. Internal to `pidcap setup-wireshark`.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "cmd/wireshark/installed_files.h"
#include "cmd/wireshark/wireshark_folders.h"

namespace cmd {

struct ExtcapLink {
    std::string path;
    std::string kept;  // see remove_file
};
std::vector<ExtcapLink> extcap_links(const WiresharkFolders& folders);
std::vector<FileSet> dissector_sets(const WiresharkFolders& folders);
std::vector<FileSet> profile_sets(const WiresharkFolders& folders);

// These say on stdout what they do.
Result<void> install_for_everyone(const std::string& group);
Result<void> install_for_user();
Result<void> remove_setup(bool for_everyone);

struct SetupCheck {
    std::string text;  // a table, for stdout
    bool complete = false;
};
SetupCheck check_setup(bool color);

// "usermod -aG wireshark USER (then log in again)"
std::string how_to_join(const std::string& group, const std::string& user);

// A line on stdout.
template <typename... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
    fmt::print("{}\n", fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace cmd
