// SPDX-License-Identifier: GPL-2.0-only
//
// SudoCaller: the user who called sudo, and doing something with no more than their rights.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "capture/confinement/confinement.h"
#include "pcapng/result.h"

namespace cmd {

class SudoCaller {
  public:
    // By SUDO_UID and SUDO_GID, if we are root; none without them, or if root called sudo.
    static std::optional<SudoCaller> find();

    uid_t uid() const { return ids_.uid; }
    const capture::UserIds& ids() const { return ids_; }

    // Runs it as them, their supplementary groups included; root again when this returns. Only
    // while the process has one thread. Error: it wasn't run.
    pcapng::Result<void> act(const std::function<void()>& deed) const;

    // Makes this process theirs for good, without any capability.
    pcapng::Result<void> become() const;

  private:
    explicit SudoCaller(capture::UserIds ids) : ids_(ids) {}

    capture::UserIds ids_;
};

// The same for any user.
pcapng::Result<void> act_as(const capture::UserIds& user, const std::function<void()>& deed);
pcapng::Result<void> become(const capture::UserIds& user);

// Runs it with the rights of who called sudo, if someone did, or else with our own.
pcapng::Result<void> act_as_caller(const std::function<void()>& deed);

// What to add if a command on files, which runs as the caller under sudo, may not open one; empty
// without sudo.
std::string caller_hint();

// What to add to the message if they may not open a file.
std::string rights_under_sudo(const SudoCaller& caller);

}  // namespace cmd
