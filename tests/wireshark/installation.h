// SPDX-License-Identifier: GPL-2.0-only
//
// Installation: an installed pidcap in a folder with a blank in its name, a Wireshark without
// anything of ours, a group wireshark with the user alice, and bob, who isn't in it. All of it is
// in mounts of the test's own: this machine's folders stay as they are. Needs root.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/own_mounts.h"
#include "tests/support/temporary_folder.h"

namespace test {

struct User {
    std::string name;
    unsigned id;
    std::vector<unsigned> groups;  // besides one of the same number
};
inline constexpr unsigned kWiresharkGroup = 64990;
inline const User kAlice{"alice", 64991, {kWiresharkGroup}};
inline const User kBob{"bob", 64992, {}};

class Installation {
  public:
    // `extcap`: the program to install as pidcap-extcap. `flags`: of the file system it is on.
    explicit Installation(const std::string& extcap = PIDCAP_EXTCAP,
                          const std::string& type = "tmpfs", unsigned long flags = 0);

    const std::string& prefix() const { return prefix_; }
    std::string pidcap() const { return prefix_ + "/bin/pidcap"; }
    std::string extcap() const { return prefix_ + "/libexec/pidcap/pidcap-extcap"; }
    const std::string& extcap_folder() const { return extcap_folder_; }
    const std::string& plugins() const { return plugins_; }
    const std::string& profiles() const { return profiles_; }
    std::string home_of(const User& user) const { return homes_.file(user.name); }
    const OwnMounts& mounts() const { return mounts_; }

    // `pidcap setup-wireshark` with these arguments: as root, or as a user with a home.
    CommandResult setup(const std::vector<std::string>& arguments = {}) const;
    CommandResult setup_as(const User& user, const std::vector<std::string>& arguments = {},
                           const std::vector<std::string>& environment = {}) const;

    // The words that run a command as this user, logged in.
    std::vector<std::string> as(const User& user,
                                const std::vector<std::string>& environment = {}) const;
    CommandResult run_as(const User& user, const std::vector<std::string>& command) const;

    // What is installed: path, type, mode, owner, size, time of change and target of each entry,
    // and all capabilities.
    std::string listing() const;
    std::string home_listing(const User& user) const;

  private:
    OwnMounts mounts_;
    TemporaryFolder homes_;
    std::string prefix_ = "/opt/pid cap";
    std::string extcap_folder_;
    std::string plugins_;
    std::string profiles_;
};

}  // namespace test
