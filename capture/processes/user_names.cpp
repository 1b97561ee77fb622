// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/user_names.h"

#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace capture {
namespace {

using pcapng::Result;

constexpr size_t kMaxNames = 65536;  // bounded, because a process may use any number of uids
constexpr size_t kMaxRecord = 1 << 20;
constexpr size_t kMaxName = 1024;

const std::string kNone;

std::string question_of(uint32_t uid) {
    return {reinterpret_cast<const char*>(&uid), sizeof(uid)};
}

uint32_t uid_in(const std::string& question) {
    uint32_t uid = 0;
    std::memcpy(&uid, question.data(), std::min(question.size(), sizeof(uid)));
    return uid;
}

}  // namespace

std::string find_user_name(uint32_t uid) {
    std::vector<char> buffer(4096);
    passwd record{};
    passwd* found = nullptr;
    while (getpwuid_r(uid, &record, buffer.data(), buffer.size(), &found) == ERANGE &&
           buffer.size() < kMaxRecord) {
        buffer.resize(buffer.size() * 2);
    }
    return found != nullptr && found->pw_name != nullptr ? found->pw_name : "";
}

Result<UserNames> UserNames::open(const std::optional<UserIds>& user, FindUserName find) {
    Confinement confinement;
    confinement.user = user;
    // Modules of the user database connect to servers, and who knows what else they do: what is
    // denied to them is an error that they can handle.
    confinement.denied = SystemCalls{.answer = SystemCalls::Answer::kError, .connects = true};
    const auto prepare = [find] {
        return Result<LookUpProcess::Find>([find](const std::string& question) {
            return find(uid_in(question)).substr(0, kMaxName);
        });
    };
    auto process = LookUpProcess::start("pidcap-names", confinement, prepare, {kMaxNames, 0});
    if (!process) {
        return std::move(process).error();
    }
    return UserNames(*std::move(process));
}

const std::string& UserNames::name(uint32_t uid) {
    const std::string* known = process_.answer(question_of(uid));
    return known != nullptr ? *known : kNone;
}

std::vector<uint32_t> UserNames::take_late() {
    std::vector<uint32_t> late;
    for (const std::string& question : process_.take_late()) {
        late.push_back(uid_in(question));
    }
    return late;
}

}  // namespace capture
