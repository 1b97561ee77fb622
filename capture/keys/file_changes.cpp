// SPDX-License-Identifier: GPL-2.0-only
#include "capture/keys/file_changes.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace capture::tls {

pcapng::Result<FileChanges> FileChanges::open() {
    pcapng::Fd fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!fd.valid()) {
        return pcapng::errno_error("watch files for changes (inotify)", errno);
    }
    return FileChanges(std::move(fd));
}

int FileChanges::watch(const pcapng::Fd& file) const {
    return inotify_add_watch(fd_.get(), fmt::format("/proc/self/fd/{}", file.get()).c_str(),
                             IN_MODIFY | IN_ONESHOT);
}

void FileChanges::read(const std::function<void(int)>& changed) const {
    std::array<char, 4096> bytes;
    ssize_t got = 0;
    while ((got = ::read(fd_.get(), bytes.data(), bytes.size())) > 0) {
        inotify_event event{};
        for (size_t at = 0; at + sizeof(event) <= static_cast<size_t>(got);
             at += sizeof(event) + event.len) {
            std::memcpy(&event, bytes.data() + at, sizeof(event));
            if ((event.mask & IN_MODIFY) != 0) {
                changed(event.wd);
            }
        }
    }
}

}  // namespace capture::tls
