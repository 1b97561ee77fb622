// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/partition_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "cmd/offline/result_file.h"
#include "packet/keyed_hash.h"
#include "packet/line/terminal_text.h"

namespace cmd {

using pcapng::Error;
using pcapng::Fd;
using pcapng::Result;

PartitionFolder::File::~File() {
    if (!hidden_.empty()) {
        unlinkat(folder_.get(), hidden_.c_str(), 0);
    }
}

Result<void> PartitionFolder::File::keep() {
    // Before the name: after a power failure a reader would find a file without its content.
    if (fsync(fd_.get()) != 0) {
        return pcapng::errno_error("write " + path_, errno);
    }
    if (renameat(folder_.get(), hidden_.c_str(), folder_.get(), name_.c_str()) != 0) {
        return pcapng::errno_error("rename a file to " + path_, errno);
    }
    hidden_.clear();
    return {};
}

Result<PartitionFolder> PartitionFolder::open(const std::string& path, FileMode mode) {
    auto fd = open_result_folder(path, mode);
    if (!fd) {
        return std::move(fd).error();
    }
    return PartitionFolder(*std::move(fd), path, mode);
}

Result<Fd> PartitionFolder::open_below(const std::string& below) const {
    Fd folder(fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
    if (!folder.valid()) {
        return pcapng::errno_error("open " + packet::printable(path_), errno);
    }
    std::string path = path_;
    std::string_view rest = below;
    while (!rest.empty()) {
        const size_t slash = std::min(rest.find('/'), rest.size());
        const std::string name(rest.substr(0, slash));
        rest.remove_prefix(std::min(slash + 1, rest.size()));
        path += "/" + name;
        const bool is_new = mkdirat(folder.get(), name.c_str(), folder_mode(mode_)) == 0;
        if (!is_new && errno != EEXIST) {
            return pcapng::errno_error("make the folder " + packet::printable(path), errno);
        }
        if (is_foreign(folder.get(), name)) {
            return Error{
                fmt::format("open {}: the folder is {}", packet::printable(path), kForeign),
                EACCES};
        }
        Fd next(
            openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next.valid()) {
            return pcapng::errno_error("open the folder " + packet::printable(path), errno);
        }
        if (is_new && mode_ && fchmod(next.get(), folder_mode(mode_)) != 0) {  // whatever the umask
            return pcapng::errno_error("change the mode of " + packet::printable(path), errno);
        }
        folder = std::move(next);
    }
    return folder;
}

Result<PartitionFolder::File> PartitionFolder::create(const std::string& below,
                                                      const std::string& name) const {
    auto folder = open_below(below);
    if (!folder) {
        return std::move(folder).error();
    }
    const std::string path = packet::printable(fmt::format("{}/{}/{}", path_, below, name));
    // Readers pass over what begins with a dot (Hive, Spark, Trino), and don't find the ending.
    std::string hidden = fmt::format(".{}.{:016x}.tmp", name, packet::random_seed());
    MadeFile file = make_file(folder->get(), hidden, 0, mode_);
    if (!file.fd.valid()) {
        return pcapng::errno_error("make a file for " + path, file.code);
    }
    return File(*std::move(folder), std::move(file.fd), path, name, std::move(hidden));
}

}  // namespace cmd
