// SPDX-License-Identifier: GPL-2.0-only
//
// UserNames: looks up names of users in this machine's user database. Caches the answers, because a
// look-up may ask a network service. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

namespace capture {

class UserNames {
  public:
    // Returns the name of the user, or an empty string if there is none. The reference is valid
    // until 65,536 further uids have been looked up.
    const std::string& name(uint32_t uid);

  private:
    std::unordered_map<uint32_t, std::string> names_;
    std::unordered_map<uint32_t, std::string> earlier_;  // the previous cache, maybe still in use
};

}  // namespace capture
