// SPDX-License-Identifier: GPL-2.0-only
//
// UserNames: names of users in this machine's user database. A look-up loads modules (NSS) and may
// ask a server, so it is done in a process of its own that has no rights; the one here never waits
// for it longer than a bounded part of its time. A name that comes later is told of by take_late().
// Answers are cached. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "capture/confinement/helper_process.h"
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
    struct Pending {
        uint32_t uid = 0;
        uint64_t asked_ns = 0;
        bool late = false;  // name() has returned without it
    };

    explicit UserNames(HelperProcess helper);
    bool ask(uint32_t uid);
    bool receive(uint64_t timeout_ns);
    const std::string& store(uint32_t uid, std::string name);
    uint64_t allowance(uint64_t now_ns);

    std::unique_ptr<HelperProcess> helper_;  // null: there is none, or it has ended
    std::deque<Pending> pending_;            // in the order of asking, which is that of the answers
    std::vector<uint32_t> late_;
    uint64_t allowance_ns_ = 0;  // how long name() may wait
    uint64_t allowed_at_ns_ = 0;
    std::unordered_map<uint32_t, std::string> names_;
    std::unordered_map<uint32_t, std::string> earlier_;  // the previous cache, maybe still in use
};

}  // namespace capture
