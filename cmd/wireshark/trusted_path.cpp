// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/wireshark/trusted_path.h"

#include <sys/stat.h>

#include <filesystem>

namespace cmd {

std::optional<std::string> changeable_by_others(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path whole = fs::canonical(path, error);
    for (fs::path part = whole; !error; part = part.parent_path()) {
        struct stat status {};
        if (lstat(part.c_str(), &status) != 0) {
            break;
        }
        // In a sticky folder others can't replace what is root's.
        const bool sticky = part != whole && (status.st_mode & S_ISVTX) != 0;
        // Whatever the group: with an access control list these bits are for others, too.
        const bool writable = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky;
        if (status.st_uid != 0 || writable) {
            return part.string();
        }
        if (part == part.root_path()) {
            return std::nullopt;
        }
    }
    return path;
}

}  // namespace cmd
