// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/sudo_caller.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace cmd {
namespace {

std::optional<uint32_t> number_in(const char* variable) {
    const char* text = getenv(variable);
    uint32_t number = 0;
    if (text == nullptr) {
        return std::nullopt;
    }
    const std::string_view digits(text);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc{} && end == digits.data() + digits.size() ? std::optional(number)
                                                                        : std::nullopt;
}

std::vector<gid_t> groups_of(uid_t uid, gid_t gid) {
    const passwd* user = getpwuid(uid);
    if (user == nullptr) {
        return {gid};
    }
    std::vector<gid_t> groups(32);
    int count = static_cast<int>(groups.size());
    while (getgrouplist(user->pw_name, gid, groups.data(), &count) < 0) {
        groups.resize(groups.size() * 2);
        count = static_cast<int>(groups.size());
    }
    groups.resize(static_cast<size_t>(count));
    return groups;
}

// The effective ids and supplementary groups of this process, as they were when it goes.
class KeptIdentity {
  public:
    KeptIdentity() : uid_(geteuid()), gid_(getegid()) {
        int count = getgroups(0, nullptr);
        groups_.resize(count > 0 ? static_cast<size_t>(count) : 0);
        count = getgroups(count, groups_.data());
        groups_.resize(count > 0 ? static_cast<size_t>(count) : 0);
    }
    KeptIdentity(const KeptIdentity&) = delete;
    KeptIdentity& operator=(const KeptIdentity&) = delete;
    ~KeptIdentity() {
        // The user first: only root may change the rest. Going on as somebody else is no option.
        if (seteuid(uid_) != 0 || setegid(gid_) != 0 ||
            setgroups(groups_.size(), groups_.data()) != 0) {
            abort();
        }
    }

  private:
    uid_t uid_;
    gid_t gid_;
    std::vector<gid_t> groups_;
};

}  // namespace

std::optional<SudoCaller> SudoCaller::find() {
    const auto uid = number_in("SUDO_UID");
    const auto gid = number_in("SUDO_GID");
    if (geteuid() != 0 || !uid || !gid || *uid == 0) {
        return std::nullopt;
    }
    return SudoCaller({*uid, *gid});
}

pcapng::Result<void> SudoCaller::act(const std::function<void()>& deed) const {
    return act_as(ids_, deed);
}

pcapng::Result<void> SudoCaller::become() const {
    return cmd::become(ids_);
}

pcapng::Result<void> act_as(const capture::UserIds& user, const std::function<void()>& deed) {
    const std::vector<gid_t> groups = groups_of(user.uid, user.gid);
    const KeptIdentity kept;
    if (setgroups(groups.size(), groups.data()) != 0 || setegid(user.gid) != 0 ||
        seteuid(user.uid) != 0) {
        return pcapng::errno_error(fmt::format("act as user {}", user.uid), errno);
    }
    deed();
    return {};
}

pcapng::Result<void> become(const capture::UserIds& user) {
    const std::vector<gid_t> groups = groups_of(user.uid, user.gid);
    // The kernel takes the capabilities away with root's id.
    if (setgroups(groups.size(), groups.data()) != 0 ||
        setresgid(user.gid, user.gid, user.gid) != 0 ||
        setresuid(user.uid, user.uid, user.uid) != 0) {
        return pcapng::errno_error(fmt::format("become user {}", user.uid), errno);
    }
    return {};
}

pcapng::Result<void> act_as_caller(const std::function<void()>& deed) {
    if (const auto caller = SudoCaller::find()) {
        return caller->act(deed);
    }
    deed();
    return {};
}

std::string caller_hint() {
    return geteuid() != 0 && number_in("SUDO_UID") == std::optional(geteuid())
               ? "; under sudo, files are opened with the rights of who called it"
               : "";
}

std::string rights_under_sudo(const SudoCaller& caller) {
    return fmt::format(
        "; under sudo, files are written with the rights of who called it, user {}: name one "
        "that they may write, or unset SUDO_UID",
        caller.uid());
}

}  // namespace cmd
