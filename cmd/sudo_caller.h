// SPDX-License-Identifier: GPL-2.0-only
//
// SudoCaller: the user who called sudo, and doing something with no more than their rights.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "pcapng/result.h"

namespace cmd {

class SudoCaller {
  public:
    // By SUDO_UID and SUDO_GID, if we are root; none without them, or if root called sudo.
    static std::optional<SudoCaller> find();

    uid_t uid() const { return uid_; }

    // Runs it as them, their supplementary groups included; root again when this returns. Only
    // while the process has one thread. Error: it wasn't run.
    pcapng::Result<void> act(const std::function<void()>& deed) const;

    // Makes this process theirs for good, without any capability.
    pcapng::Result<void> become() const;

  private:
    SudoCaller(uid_t uid, gid_t gid) : uid_(uid), gid_(gid) {}

    uid_t uid_;
    gid_t gid_;
};

// What to add to the message if they may not open a file.
std::string rights_under_sudo(const SudoCaller& caller);

}  // namespace cmd
