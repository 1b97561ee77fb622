// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace cmd {
namespace {

constexpr mode_t kOthers = S_IRGRP | S_IROTH;

}  // namespace

pcapng::Result<void> refuse_exposed(const std::string& path) {
    struct stat status {};
    if (path == "-" || stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
        (status.st_mode & kOthers) == 0) {
        return {};
    }
    return pcapng::Error{
        fmt::format("{}: others may read this file (mode {:04o}), and with its keys the "
                    "connections: chmod 600 it, remove it, or name another one",
                    path, status.st_mode & 07777U),
        EEXIST};
}

pcapng::Result<pcapng::Fd> open_key_log(const std::string& path, FileMode mode) {
    if (auto exposed = refuse_exposed(path); !exposed && !mode) {
        return std::move(exposed).error();
    }
    MadeFile file = open_to_write(path, O_APPEND, true, mode);
    if (!file.fd.valid()) {
        return file.is_foreign ? pcapng::Error{path + ": " + kForeign, file.code}
                               : pcapng::errno_error("open " + path, file.code);
    }
    return std::move(file.fd);
}

}  // namespace cmd
