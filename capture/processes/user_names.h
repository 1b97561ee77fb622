// SPDX-License-Identifier: GPL-2.0-only
//
// UserNames: names of users in this machine's user database. A look-up loads modules (NSS) and may
// ask a server, so it is done in a process of its own that has no rights (look_up_process.h). A
// name that comes later is told of by take_late(). One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/confinement/confinement.h"
#include "capture/processes/look_up_process.h"
#include "pcapng/result.h"

namespace capture {

// Looks a name up; empty: there is none. Replaced in tests.
using FindUserName = std::string (*)(uint32_t uid);
std::string find_user_name(uint32_t uid);

class UserNames {
  public:
    UserNames() = default;  // knows none, and has no process

    // Forks the process that looks names up, as `user` if given.
    static pcapng::Result<UserNames> open(const std::optional<UserIds>& user = {},
                                          FindUserName find = find_user_name);

    // Returns the name of the user, or an empty string if there is none, or if it isn't known yet.
    // The reference is valid until 65,536 further uids have been looked up.
    const std::string& name(uint32_t uid);

    // Returns those whose names have come since name() returned an empty one.
    std::vector<uint32_t> take_late();

  private:
    explicit UserNames(LookUpProcess process) : process_(std::move(process)) {}

    LookUpProcess process_;
};

}  // namespace capture
