// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/local_users.h"

#include <grp.h>
#include <pwd.h>

#include <cstdio>
#include <memory>
#include <vector>

namespace cmd {
namespace {

struct CloseFile {
    void operator()(FILE* file) const { fclose(file); }
};

// Returns the first entry of the file that fits. Its pointers point nowhere any more. `read` is
// fgetpwent_r(3) or fgetgrent_r(3).
template <typename Entry, typename Fits>
std::optional<Entry> find_in(const char* path, int (*read)(FILE*, Entry*, char*, size_t, Entry**),
                             Fits fits) {
    const std::unique_ptr<FILE, CloseFile> file(fopen(path, "re"));
    std::vector<char> buffer(size_t{1} << 16);
    Entry entry{};
    Entry* found = nullptr;
    while (file != nullptr && read(file.get(), &entry, buffer.data(), buffer.size(), &found) == 0) {
        if (fits(entry)) {
            return entry;
        }
    }
    return std::nullopt;
}

template <typename Fits>
std::optional<capture::UserIds> find_user(Fits fits) {
    const auto user = find_in<passwd>("/etc/passwd", fgetpwent_r, fits);
    return user ? std::optional(capture::UserIds{user->pw_uid, user->pw_gid}) : std::nullopt;
}

}  // namespace

std::optional<capture::UserIds> local_user(const std::string& name) {
    return find_user([&](const passwd& user) { return name == user.pw_name; });
}

std::optional<capture::UserIds> local_user(uint32_t uid) {
    return find_user([uid](const passwd& user) { return user.pw_uid == uid; });
}

std::optional<uint32_t> local_group(const std::string& name) {
    const auto found = find_in<group>("/etc/group", fgetgrent_r,
                                      [&](const group& one) { return name == one.gr_name; });
    return found ? std::optional(found->gr_gid) : std::nullopt;
}

}  // namespace cmd
