// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/made_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <functional>
#include <utility>

namespace cmd {
namespace {

using pcapng::Fd;

constexpr int kMostLinks = 40;  // as the kernel has it (MAXSYMLINKS)

// As may_create_in_sticky() and may_follow_link() of the kernel's fs/namei.c.
bool is_foreign_in(const struct stat& folder, const struct stat& entry) {
    const bool shared =
        (folder.st_mode & S_ISVTX) != 0 && (folder.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    return shared && entry.st_uid != geteuid() && entry.st_uid != folder.st_uid;
}

bool is_in_proc(int folder) {
    struct statfs system {};
    return fstatfs(folder, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

MadeFile failed(int code) {
    return {Fd(), code, false};
}

// Where a path leads next.
struct Step {
    Fd folder;
    std::string name;
};

// Looks at `path` from `from`, or from the working folder if that isn't valid. Returns the error in
// errno if there is no folder.
Step step_to(const Fd& from, const std::string& path) {
    const size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const int at = from.valid() ? from.get() : AT_FDCWD;
    return {Fd(openat(at, folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
            slash == std::string::npos ? path : path.substr(slash + 1)};
}

using Make = std::function<MadeFile(int folder, const std::string& name)>;

// Opens what `path` leads to. Calls make() if there is nothing, unless that is empty, too.
MadeFile open_refusing(const std::string& path, int how, const Make& make) {
    Fd from;
    std::string rest = path;
    for (int links = 0; links < kMostLinks; links++) {
        Step step = step_to(from, rest);
        struct stat around {};
        struct stat entry {};
        if (!step.folder.valid() || fstat(step.folder.get(), &around) != 0) {
            return failed(errno);
        }
        if (step.name.empty()) {
            return failed(path.empty() ? ENOENT : EISDIR);
        }
        const char* name = step.name.c_str();
        if (fstatat(step.folder.get(), name, &entry, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno != ENOENT || !make) {
                return failed(errno);
            }
            MadeFile made = make(step.folder.get(), step.name);
            if (made.code != EEXIST) {
                return made;
            }
            continue;  // somebody else has made it meanwhile
        }
        if (is_foreign_in(around, entry)) {
            return {Fd(), EACCES, true};
        }
        if (S_ISLNK(entry.st_mode) && !is_in_proc(step.folder.get())) {
            std::array<char, PATH_MAX> target{};
            const ssize_t length =
                readlinkat(step.folder.get(), name, target.data(), target.size());
            if (length <= 0) {
                return failed(errno);
            }
            rest.assign(target.data(), static_cast<size_t>(length));
            from = std::move(step.folder);
            continue;
        }
        // Links of /proc lead to what is open, by no path.
        const int follow = S_ISLNK(entry.st_mode) ? 0 : O_NOFOLLOW;
        Fd fd(openat(step.folder.get(), name, how | follow));
        if (!fd.valid()) {
            if (errno == ELOOP || (errno == ENOENT && make)) {
                continue;  // it has been replaced meanwhile
            }
            return failed(errno);
        }
        if (follow != 0 && (fstat(fd.get(), &entry) != 0 || is_foreign_in(around, entry))) {
            return {Fd(), EACCES, true};
        }
        return {std::move(fd), 0, false};
    }
    return failed(ELOOP);
}

}  // namespace

bool is_foreign(int folder, const std::string& name) {
    struct stat around {};
    struct stat entry {};
    return fstat(folder, &around) == 0 &&
           fstatat(folder, name.c_str(), &entry, AT_SYMLINK_NOFOLLOW) == 0 &&
           is_foreign_in(around, entry);
}

MadeFile make_file(int folder, const std::string& name, int flags, FileMode mode) {
    Fd fd(openat(folder, name.c_str(),
                 flags | O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
                 mode.value_or(kPrivate)));
    if (!fd.valid()) {
        return failed(errno);
    }
    if (mode && fchmod(fd.get(), *mode) != 0) {  // whatever the umask
        return failed(errno);
    }
    return {std::move(fd), 0, false};
}

MadeFile open_to_write(const std::string& path, int flags, bool makes, FileMode mode) {
    const auto make = [flags, mode](int folder, const std::string& name) {
        return make_file(folder, name, flags, mode);
    };
    return open_refusing(path, flags | O_WRONLY | O_NOCTTY | O_CLOEXEC,
                         makes ? Make(make) : Make());
}

MadeFile open_folder(const std::string& path) {
    // Of "a/" and "/", the name would be empty.
    const size_t end = path.find_last_not_of('/');
    const std::string name = end != std::string::npos ? path.substr(0, end + 1) : path + ".";
    return open_refusing(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, {});
}

}  // namespace cmd
