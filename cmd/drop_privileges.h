// SPDX-License-Identifier: GPL-2.0-only
//
// What parses packets and hostile names should hold as little of root's power as it can: once
// everything is attached, the capture becomes another user, keeps only the capabilities that it
// can't do without, and loses the system calls that an intruder would want. docs/privileges.md has
// what is left.
#pragma once

#include <optional>

#include "capture/confinement/confinement.h"
#include "capture/session.h"
#include "cmd/options.h"
#include "pcapng/result.h"

namespace cmd {

// Who the running capture becomes, by -Z or by default; none: it stays who it is.
std::optional<capture::UserIds> running_user(const Options& options);
// Who the command after `--` runs as: the one who called sudo, unless --command-user names another
// one; none: who pidcap is.
std::optional<capture::UserIds> command_user(const Options& options);

// Who the running capture is by default: the one who called sudo, else the user "pidcap" if there
// is one, else "nobody"; none, which means who it is already, without the right to change that. By
// the environment and /etc/passwd, without asking a server.
std::optional<capture::UserIds> default_user();

struct DropOptions {
    std::optional<capture::UserIds> user;  // who to become; none: stays who it is
    std::optional<uid_t> signalled;        // the user of a command that signals are passed on to
    bool connects = false;                 // to a collector, while the capture runs
};

// Gives up all else, for good, once the session has started. What was forked before keeps its own.
pcapng::Result<void> drop_privileges(capture::Session& session, const DropOptions& options);

}  // namespace cmd
