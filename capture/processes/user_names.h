// SPDX-License-Identifier: GPL-2.0-only
//
// UserNames: names of users, as this machine's user database has them. Remembers answers, because a
// look-up may ask a network service. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

namespace capture {

class UserNames {
  public:
    // Empty where there is none. The answer stays where it is while the next 65,536 are asked for.
    const std::string& name(uint32_t uid);

  private:
    std::unordered_map<uint32_t, std::string> names_;
    std::unordered_map<uint32_t, std::string> earlier_;  // forgotten, but maybe still in use
};

}  // namespace capture
