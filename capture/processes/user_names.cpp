// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/user_names.h"

#include <pwd.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace capture {
namespace {

constexpr size_t kMaxNames = 65536;  // bounded, because a process may use any number of uids
constexpr size_t kMaxRecord = 1 << 20;

std::string look_up(uint32_t uid) {
    std::vector<char> buffer(4096);
    passwd record{};
    passwd* found = nullptr;
    while (getpwuid_r(uid, &record, buffer.data(), buffer.size(), &found) == ERANGE &&
           buffer.size() < kMaxRecord) {
        buffer.resize(buffer.size() * 2);
    }
    return found != nullptr && found->pw_name != nullptr ? found->pw_name : "";
}

}  // namespace

const std::string& UserNames::name(uint32_t uid) {
    if (const auto known = names_.find(uid); known != names_.end()) {
        return known->second;
    }
    if (names_.size() >= kMaxNames) {
        earlier_ = std::exchange(names_, {});
    }
    return names_.emplace(uid, look_up(uid)).first->second;
}

}  // namespace capture
