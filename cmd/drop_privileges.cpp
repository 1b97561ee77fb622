// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/drop_privileges.h"

#include <unistd.h>

#include "cmd/local_users.h"
#include "cmd/sudo_caller.h"

namespace cmd {
namespace {

constexpr capture::UserIds kNobody{65534, 65534};

}  // namespace

std::optional<capture::UserIds> running_user(const Options& options) {
    if (!options.run_as) {
        return default_user();
    }
    return options.run_as->uid == geteuid() ? std::nullopt : options.run_as;
}

std::optional<capture::UserIds> command_user(const Options& options) {
    if (options.command_user) {
        return options.command_user->uid == geteuid() ? std::nullopt : options.command_user;
    }
    const auto caller = SudoCaller::find();
    return caller ? std::optional(caller->ids()) : std::nullopt;
}

std::optional<capture::UserIds> default_user() {
    if (geteuid() != 0 || !capture::can_change_user()) {
        return std::nullopt;
    }
    if (const auto caller = SudoCaller::find()) {
        return caller->ids();
    }
    for (const char* name : {"pidcap", "nobody"}) {
        if (const auto user = local_user(name); user && user->uid != 0) {
            return user;
        }
    }
    return kNobody;
}

pcapng::Result<void> drop_privileges(capture::Session& session, const DropOptions& options) {
    const capture::NeededRights needs = session.needs();
    capture::Confinement confinement;
    confinement.user = options.user;
    confinement.kept = needs.capabilities;
    const uid_t user = options.user ? options.user->uid : geteuid();
    if (options.signalled && *options.signalled != user) {
        confinement.kept.push_back(CAP_KILL);
    }
    confinement.denied = capture::SystemCalls{
        .connects = options.connects,
        .attaches_programs = needs.attaches_programs,
        .follows_calls = needs.follows_calls,
        .enters_namespaces = needs.enters_namespaces,
        .runs_programs = needs.runs_programs,
        .signals_processes = options.signalled.has_value(),
    };
    session.hand_over_reading();
    return capture::confine(confinement);
}

}  // namespace cmd
