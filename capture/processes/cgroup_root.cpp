// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/cgroup_root.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

namespace capture {
namespace {

using pcapng::Error;
using pcapng::Fd;
using pcapng::Result;

// PROC_CGROUP_INIT_INO of include/linux/proc_ns.h: the initial cgroup namespace has this inode
// number on every kernel.
constexpr std::string_view kInitialCgroupNamespace = "cgroup:[4026531835]";

// Processes that stand where the machine started: kthreadd, which never leaves, and init. In a PID
// namespace of its own a container sees neither.
constexpr std::array<int, 2> kFirstProcesses = {2, 1};

// The inode number of the hierarchy's root, the first that kernfs gives (kernfs_create_root).
constexpr uint64_t kRootId = 1;

std::string read_link(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t size = readlink(path.c_str(), target.data(), target.size());
    return {target.data(), size > 0 ? static_cast<size_t>(size) : 0};
}

// mountinfo writes space, tab, newline and backslash as "\040" and so on.
std::string unescape_octal(std::string_view text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto digit = [&](size_t at) {
            return text[at] >= '0' && text[at] <= '7' ? text[at] - '0' : -1;
        };
        if (text.size() - i >= 4 && text[i] == '\\' && digit(i + 1) >= 0 && digit(i + 2) >= 0 &&
            digit(i + 3) >= 0) {
            plain.push_back(
                static_cast<char>((digit(i + 1) * 64 + digit(i + 2) * 8 + digit(i + 3)) & 0xff));
            i += 3;
        } else {
            plain.push_back(text[i]);
        }
    }
    return plain;
}

// Returns true if the file belongs to this mount. Another one may have been put over it.
bool is_on(const Fd& file, const std::string& mount_id) {
    struct statx status {};
    return statx(file.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &status) == 0 &&
           (status.stx_mask & STATX_MNT_ID) != 0 && std::to_string(status.stx_mnt_id) == mount_id;
}

struct Search {
    std::optional<CgroupRoot> found;
    bool looked = false;  // the mounts could be read
};

// Looks for the hierarchy among the mounts that the process of the folder `process` has.
Search search_mounts(const std::string& process, const std::string& root) {
    std::ifstream file(process + "/mountinfo");
    std::stringstream text;
    text << file.rdbuf();
    for (const CgroupMount& mount : parse_cgroup_mounts(text.str())) {
        // Not O_PATH: open_by_handle_at(2) doesn't accept such a descriptor.
        Fd directory(open((root + mount.path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (directory.valid() && is_on(directory, mount.id)) {
            std::string mount_point = read_link(fmt::format("/proc/self/fd/{}", directory.get()));
            return {CgroupRoot{std::move(directory), 0, std::move(mount_point)}, true};
        }
    }
    return {std::nullopt, !text.str().empty()};
}

// The C library has these from 2.36 on.
Fd fsopen(const char* file_system) {
    return Fd(static_cast<int>(syscall(__NR_fsopen, file_system, FSOPEN_CLOEXEC)));
}

bool fsconfig_create(const Fd& system) {
    return syscall(__NR_fsconfig, system.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
}

Fd fsmount(const Fd& system, unsigned attributes) {
    return Fd(static_cast<int>(syscall(__NR_fsmount, system.get(), FSMOUNT_CLOEXEC, attributes)));
}

// A mount that no path leads to: it ends with its descriptor.
Result<CgroupRoot> mount_for_us() {
    const Fd system = fsopen("cgroup2");
    if (!system.valid() || !fsconfig_create(system)) {
        return pcapng::errno_error("mount cgroup v2", errno);
    }
    const Fd mount = fsmount(system, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    if (!mount.valid()) {
        return pcapng::errno_error("mount cgroup v2", errno);
    }
    Fd directory(openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) {
        return pcapng::errno_error("open a mount of cgroup v2", errno);
    }
    return CgroupRoot{std::move(directory), 0, {}};
}

Result<CgroupRoot> open_mounted(const std::string& proc) {
    if (Search here = search_mounts(proc + "/self", ""); here.found) {
        return *std::move(here.found);
    }
    // As after `ip netns exec`, which mounts a new /sys for what it runs.
    bool looked = false;
    for (const int process : kFirstProcesses) {
        const std::string folder = fmt::format("{}/{}", proc, process);
        Search there = search_mounts(folder, folder + "/root");
        if (there.found) {
            return *std::move(there.found);
        }
        looked = looked || there.looked;
    }
    // A new mount gives the whole hierarchy its options, so there must be none that had others.
    Result<CgroupRoot> mounted = looked ? mount_for_us() : Error{"its mounts can't be seen", EPERM};
    if (mounted) {
        return mounted;
    }
    return Error{fmt::format("cgroup v2 is not mounted here ({}); mount -t cgroup2 none DIRECTORY, "
                             "or, after `ip netns exec NS`, use pidcap --netns NS instead",
                             mounted.error().message),
                 ENOENT};
}

bool is_in_initial_namespace() {
    const std::string own = read_link("/proc/self/ns/cgroup");
    return own.empty() || own == kInitialCgroupNamespace;
}

Error outside_error(int code) {
    return Error{
        fmt::format("this is a cgroup namespace of its own (a container?), from which sockets of "
                    "other cgroups can't be followed ({}): docker and podman give it the right to "
                    "reach them by --cap-add=DAC_READ_SEARCH, where cgroup v2 is mounted, or those "
                    "of the host by --cgroupns=host; see `pidcap doctor`",
                    std::generic_category().message(code)),
        code};
}

// Opens the root of the hierarchy of which `part` shows a part.
Result<CgroupRoot> open_whole(const Fd& part) {
    alignas(file_handle) std::array<char, sizeof(file_handle) + sizeof(kRootId)> buffer{};
    auto* handle = reinterpret_cast<file_handle*>(buffer.data());
    handle->handle_bytes = sizeof(kRootId);
    handle->handle_type = kFileidKernfs;
    std::memcpy(handle->f_handle, &kRootId, sizeof(kRootId));
    Fd root(open_by_handle_at(part.get(), handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat whole {};
    struct stat shown {};
    if (!root.valid() || fstat(root.get(), &whole) != 0 || whole.st_ino != kRootId ||
        fstat(part.get(), &shown) != 0) {
        return outside_error(root.valid() ? ENOTSUP : errno);
    }
    return CgroupRoot{std::move(root), shown.st_ino, {}};
}

}  // namespace

Result<void> enter_initial_cgroup_namespace() {
    if (is_in_initial_namespace()) {
        return {};
    }
    int code = ENOENT;
    for (const int process : kFirstProcesses) {
        const std::string path = fmt::format("/proc/{}/ns/cgroup", process);
        if (read_link(path) != kInitialCgroupNamespace) {
            continue;
        }
        const Fd initial(open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (initial.valid() && setns(initial.get(), CLONE_NEWCGROUP) == 0) {
            return {};
        }
        code = errno;
    }
    return pcapng::errno_error("enter the initial cgroup namespace", code);
}

// "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw": proc(5). A mount
// of a part of the tree has another root than "/".
std::vector<CgroupMount> parse_cgroup_mounts(std::string_view mountinfo) {
    std::vector<CgroupMount> mounts;
    std::istringstream lines{std::string(mountinfo)};
    std::string line;
    while (std::getline(lines, line)) {
        const size_t separator = line.find(" - ");
        if (separator == std::string::npos || line.compare(separator + 3, 8, "cgroup2 ") != 0) {
            continue;
        }
        std::istringstream fields(line.substr(0, separator));
        std::string id;
        std::string skipped;
        std::string root;
        std::string mount_point;
        fields >> id >> skipped >> skipped >> root >> mount_point;
        if (root == "/") {
            mounts.push_back({std::move(id), unescape_octal(mount_point)});
        }
    }
    return mounts;
}

Result<CgroupRoot> open_cgroup_root(const std::string& proc) {
    auto root = open_mounted(proc);
    if (is_in_initial_namespace()) {
        return root;
    }
    return root ? open_whole(root->directory) : outside_error(root.error().code);
}

}  // namespace capture
