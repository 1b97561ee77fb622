// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/tracefs.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>

#include "packet/filter/glob.h"
#include "pcapng/read_to_end.h"

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Fd;

constexpr const char* kMounted = "/sys/kernel/tracing";
// The longest of 2,323 formats has 8 KiB.
constexpr size_t kMaxFormat = 256UL * 1024;
constexpr size_t kMaxId = 32;

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};

// Returns the root of a new mount, which no path leads to, or an invalid descriptor and errno.
Fd mount_privately() {
    const Fd context(static_cast<int>(syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC)));
    if (!context.valid() ||
        syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
        return Fd();
    }
    return Fd(static_cast<int>(
        syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC,
                MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)));
}

Fd open_mounted() {
    Fd root(open(kMounted, O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct statfs system {};
    if (root.valid() && fstatfs(root.get(), &system) == 0 && system.f_type != TRACEFS_MAGIC) {
        errno = ENOENT;
        return Fd();
    }
    return root;
}

Result<std::vector<std::string>> folders_in(int parent, const char* path) {
    const int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, CloseDirectory> directory(fd >= 0 ? fdopendir(fd) : nullptr);
    if (directory == nullptr) {
        return errno_error(fmt::format("read tracefs: events/{}", path), errno);
    }
    std::vector<std::string> names;
    while (const dirent* entry = readdir(directory.get())) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            names.emplace_back(entry->d_name);
        }
    }
    return names;
}

}  // namespace

Result<Tracefs> Tracefs::open() {
    Fd root = mount_privately();
    const int refused = root.valid() ? 0 : errno;
    if (!root.valid()) {
        root = open_mounted();
    }
    Fd events(root.valid() ? openat(root.get(), "events", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1);
    if (!events.valid()) {
        return errno_error(
            "find the kernel's tracepoints: mount a tracefs (the kernel needs CONFIG_TRACING, "
            "pidcap CAP_SYS_ADMIN)",
            refused != 0 ? refused : errno);
    }
    return Tracefs(std::move(events));
}

Result<std::vector<TracepointName>> Tracefs::matching(const std::string& glob) const {
    auto systems = folders_in(events_.get(), ".");
    if (!systems) {
        return std::move(systems).error();
    }
    // Saves reading all folders where the system is named.
    const std::string wanted_system = glob.substr(0, glob.find(':'));
    std::vector<TracepointName> found;
    for (const std::string& system : *systems) {
        if (system == "ftrace" || !packet::glob_matches(wanted_system, system)) {
            continue;
        }
        auto names = folders_in(events_.get(), system.c_str());
        if (!names) {
            return std::move(names).error();
        }
        for (std::string& name : *names) {
            TracepointName one{system, std::move(name)};
            if (packet::glob_matches(glob, one.text())) {
                found.push_back(std::move(one));
            }
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

Result<std::string> Tracefs::read(const TracepointName& name, const char* file_name,
                                  size_t max) const {
    const std::string path = fmt::format("{}/{}/{}", name.system, name.name, file_name);
    const Fd file(openat(events_.get(), path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) {
        return errno_error(fmt::format("read tracefs: events/{}", path), errno);
    }
    std::string text;
    if (const int code = pcapng::read_to_end(file, max, text); code != 0) {
        return errno_error(fmt::format("read tracefs: events/{}", path), code);
    }
    return text;
}

Result<std::string> Tracefs::format(const TracepointName& name) const {
    return read(name, "format", kMaxFormat);
}

Result<uint32_t> Tracefs::id(const TracepointName& name) const {
    auto text = read(name, "id", kMaxId);
    if (!text) {
        return std::move(text).error();
    }
    uint32_t id = 0;
    if (std::from_chars(text->data(), text->data() + text->size(), id).ec != std::errc()) {
        return errno_error(fmt::format("read tracefs: the number of {}", name.text()), EINVAL);
    }
    return id;
}

Fd open_tracepoint(uint32_t id) {
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_TRACEPOINT;
    attributes.size = sizeof(attributes);
    attributes.config = id;
    return Fd(static_cast<int>(
        syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
}

}  // namespace capture
