// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace cmd {

pcapng::Result<void> refuse_exposed(const struct stat& file, const std::string& name) {
    if (!S_ISREG(file.st_mode) || !is_exposed(file.st_mode)) {
        return {};
    }
    return pcapng::Error{
        fmt::format("{}: others may read it (mode {:03o}), and with its keys the connections: "
                    "chmod 600 it, remove it, or name another one",
                    name, file.st_mode & 0777U),
        EEXIST};
}

pcapng::Result<void> refuse_exposed(const std::string& path) {
    struct stat status {};
    const bool is_there = path != "-" && stat(path.c_str(), &status) == 0;
    return is_there ? refuse_exposed(status, path) : pcapng::Result<void>{};
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
