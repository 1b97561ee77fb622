// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/wireshark/extcap_privilege.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cmd/capabilities.h"
#include "packet/line/terminal_text.h"
#include "pcapng/fd.h"

namespace cmd {
namespace {

using pcapng::errno_error;
using pcapng::Error;

constexpr mode_t kPermissions = 07777;

Capabilities wanted() {
    Capabilities all(cap_init());
    const int count = static_cast<int>(kCaptureCapabilities.size());
    if (all != nullptr) {
        cap_set_flag(all.get(), CAP_PERMITTED, count, kCaptureCapabilities.data(), CAP_SET);
        cap_set_flag(all.get(), CAP_EFFECTIVE, count, kCaptureCapabilities.data(), CAP_SET);
    }
    return all;
}

std::string name_of(cap_value_t capability) {
    char* text = cap_to_name(capability);
    std::string name = text != nullptr ? text : fmt::format("{}", capability);
    cap_free(text);
    return name;
}

std::string join(const std::vector<std::string>& names) {
    return fmt::format("{}", fmt::join(names, ","));
}

// Not through a link: what was checked is what gets the privileges.
Result<pcapng::Fd> open_program(const std::string& program) {
    pcapng::Fd fd(open(program.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid()) {
        return errno_error("open " + packet::printable(program), errno);
    }
    return fd;
}

Error cant_grant(const std::string& program, int code) {
    Error error = errno_error("give capabilities to " + packet::printable(program), code);
    if (code == EOPNOTSUPP) {
        error.message += "; this file system keeps none: install pidcap on another one";
    } else if (code == EPERM) {
        error.message += "; needs CAP_SETFCAP, which root has, though not in every container";
    }
    return error;
}

Result<void> set_owner(int fd, const std::string& program, gid_t group, mode_t mode) {
    // The new owner first, because this takes the capabilities away.
    if (fchown(fd, 0, group) != 0 || fchmod(fd, mode) != 0) {
        return errno_error("change the owner of " + packet::printable(program), errno);
    }
    return {};
}

}  // namespace

Result<ExtcapPrivilege> privilege_of(const std::string& program) {
    struct stat status {};
    struct statvfs file_system {};
    if (stat(program.c_str(), &status) != 0 || statvfs(program.c_str(), &file_system) != 0) {
        return errno_error("look at " + packet::printable(program), errno);
    }
    ExtcapPrivilege found;
    found.owner = status.st_uid;
    found.group = status.st_gid;
    found.mode = status.st_mode & kPermissions;
    found.nosuid = (file_system.f_flag & ST_NOSUID) != 0;
    const Capabilities all = wanted();
    const Capabilities given(cap_get_file(program.c_str()));
    found.has_any = given != nullptr;
    found.has_all = given != nullptr && all != nullptr && cap_compare(given.get(), all.get()) == 0;
    return found;
}

std::string capture_capability_names() {
    std::vector<std::string> names;
    names.reserve(kCaptureCapabilities.size());
    for (const cap_value_t capability : kCaptureCapabilities) {
        names.push_back(name_of(capability));
    }
    return join(names);
}

std::string capabilities_out_of_bounds() {
    std::vector<std::string> names;
    for (const cap_value_t capability : kCaptureCapabilities) {
        if (cap_get_bound(capability) != CAP_SET) {
            names.push_back(name_of(capability));
        }
    }
    return join(names);
}

Result<bool> grant(const std::string& program, gid_t group) {
    constexpr mode_t kMode = 0750;
    auto before = privilege_of(program);
    if (!before) {
        return std::move(before).error();
    }
    if (before->nosuid) {
        return Error{packet::printable(program) +
                         " is on a file system mounted with nosuid, where capabilities have no "
                         "effect: install pidcap on another one",
                     0};
    }
    if (before->has_all && before->owner == 0 && before->group == group && before->mode == kMode) {
        return false;
    }
    auto fd = open_program(program);
    if (!fd) {
        return std::move(fd).error();
    }
    if (auto set = set_owner(fd->get(), program, group, kMode); !set) {
        return std::move(set).error();
    }
    const Capabilities all = wanted();
    if (all == nullptr || cap_set_fd(fd->get(), all.get()) != 0) {
        const int code = errno;
        (void)set_owner(fd->get(), program, before->group, before->mode);
        return cant_grant(program, code);
    }
    return true;
}

Result<bool> revoke(const std::string& program) {
    constexpr mode_t kMode = 0755;
    auto fd = open_program(program);
    if (!fd) {
        return std::move(fd).error();
    }
    // Of what we open, not of a name: one without these capabilities isn't of our making, and what
    // else it is is not for everyone to read.
    const Capabilities all = wanted();
    const Capabilities given(cap_get_fd(fd->get()));
    if (all == nullptr || given == nullptr || cap_compare(given.get(), all.get()) != 0) {
        return false;
    }
    struct stat status {};
    if (fstat(fd->get(), &status) != 0 || cap_set_fd(fd->get(), nullptr) != 0) {
        return errno_error("take the capabilities of " + packet::printable(program), errno);
    }
    if (status.st_uid == 0) {
        if (auto set = set_owner(fd->get(), program, 0, kMode); !set) {
            return std::move(set).error();
        }
    }
    return true;
}

std::vector<std::string> users_in(gid_t group) {
    std::vector<std::string> names;
    if (const ::group* entry = getgrgid(group); entry != nullptr) {
        for (char** name = entry->gr_mem; *name != nullptr; name++) {
            names.emplace_back(*name);
        }
    }
    setpwent();
    while (const passwd* user = getpwent()) {
        if (user->pw_gid == group &&
            std::find(names.begin(), names.end(), user->pw_name) == names.end()) {
            names.emplace_back(user->pw_name);
        }
    }
    endpwent();
    return names;
}

std::string name_of_group(gid_t group) {
    const ::group* entry = getgrgid(group);
    return entry != nullptr ? entry->gr_name : fmt::format("{}", group);
}

}  // namespace cmd
