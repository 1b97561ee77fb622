// SPDX-License-Identifier: GPL-2.0-only
#include "capture/processes/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "capture/clock.h"

namespace capture {
namespace {

using pcapng::Fd;
using pcapng::Result;

constexpr size_t kMaxPaths = 65536;  // the cache is emptied when it is full
constexpr size_t kMaxDepth = 64;
// Walks may take a tenth of the time, and of each last second all of their share at once: cgroups
// often come several at a time.
constexpr uint64_t kWalkShare = 10;
constexpr uint64_t kWalkAheadNs = 1'000'000'000;

}  // namespace

Result<CgroupTree> CgroupTree::open() {
    auto root = open_cgroup_root();
    if (!root) {
        return std::move(root).error();
    }
    return CgroupTree(*std::move(root));
}

CgroupTree::CgroupTree(CgroupRoot root) : root_(std::move(root)) {
    if (root_.namespace_root != 0) {
        // The kernel has no path for what lies outside of the mount.
        handles_work_ = false;
        walk();
        namespace_path_ = paths_[root_.namespace_root];
    }
}

std::string CgroupTree::from_root(const std::string& path) const {
    if (namespace_path_.size() <= 1 || path.empty()) {
        return path;
    }
    // "/../other" is beside the namespace's root.
    std::string whole = std::filesystem::path(namespace_path_ + path).lexically_normal().string();
    if (whole.size() > 1 && whole.ends_with('/')) {
        whole.pop_back();
    }
    return whole;
}

const std::string& CgroupTree::path(uint64_t id) {
    static const std::string kNone;
    if (id == 0 || !root_.directory.valid()) {
        return kNone;
    }
    if (const auto known = paths_.find(id); known != paths_.end()) {
        return known->second;
    }
    if (paths_.size() >= kMaxPaths) {
        paths_.clear();
    }
    if (path_of_) {
        std::string found = path_of_(id);
        return found.empty() ? kNone : paths_.emplace(id, std::move(found)).first->second;
    }
    if (handles_work_) {
        std::string found = path_by_handle(id);
        if (handles_work_) {  // an empty answer is cached too: ids are never reused
            return paths_.emplace(id, std::move(found)).first->second;
        }
    }
    if (const uint64_t now = clock_ns(CLOCK_MONOTONIC); walks_paid_ns_ < now + kWalkAheadNs) {
        walk();
        walks_paid_ns_ =
            std::max(walks_paid_ns_, now) + kWalkShare * (clock_ns(CLOCK_MONOTONIC) - now);
    }
    const auto known = paths_.find(id);
    return known != paths_.end() ? known->second : kNone;
}

std::string CgroupTree::path_by_handle(uint64_t id) {
    alignas(file_handle) std::array<char, sizeof(file_handle) + sizeof(id)> buffer{};
    auto* handle = reinterpret_cast<file_handle*>(buffer.data());
    handle->handle_bytes = sizeof(id);
    handle->handle_type = kFileidKernfs;
    std::memcpy(handle->f_handle, &id, sizeof(id));
    const Fd directory(open_by_handle_at(root_.directory.get(), handle, O_PATH | O_CLOEXEC));
    if (!directory.valid()) {
        // ESTALE means that there is no such cgroup. Any other errno means that we lack
        // CAP_DAC_READ_SEARCH, or that the kernel is older than 5.5, where handles have another
        // type.
        handles_work_ = errno == ESTALE;
        return {};
    }
    std::array<char, PATH_MAX> target{};
    const ssize_t n = readlink(fmt::format("/proc/self/fd/{}", directory.get()).c_str(),
                               target.data(), target.size());
    const std::string_view path(target.data(), n > 0 ? static_cast<size_t>(n) : 0);
    const std::string& mount_point = root_.mount_point;
    if (!path.starts_with(mount_point)) {
        return {};
    }
    return path == mount_point ? "/" : std::string(path.substr(mount_point.size()));
}

uint64_t CgroupTree::id(const std::string& shown) const {
    const std::string path = from_root(shown);
    if (!root_.directory.valid() || path.empty() || path.front() != '/' ||
        path.starts_with("/..")) {  // outside of a cgroup namespace
        return 0;
    }
    struct stat directory {};
    const std::string relative = "." + path;
    return fstatat(root_.directory.get(), relative.c_str(), &directory, AT_SYMLINK_NOFOLLOW) == 0
               ? directory.st_ino
               : 0;
}

void CgroupTree::walk() {
    struct Open {
        std::unique_ptr<DIR, int (*)(DIR*)> listing;
        std::string path;
    };
    const auto open_directory = [](int parent, const char* name) {
        Fd fd(openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
        std::unique_ptr<DIR, int (*)(DIR*)> listing(fd.valid() ? fdopendir(fd.get()) : nullptr,
                                                    closedir);
        if (listing) {
            fd.release();  // closedir closes it
        }
        return listing;
    };
    struct stat root {};
    std::vector<Open> stack;
    stack.push_back({open_directory(root_.directory.get(), "."), ""});
    if (fstat(root_.directory.get(), &root) == 0) {
        paths_.insert_or_assign(root.st_ino, "/");
    }
    while (!stack.empty()) {
        const dirent* entry = stack.back().listing ? readdir(stack.back().listing.get()) : nullptr;
        if (entry == nullptr) {
            stack.pop_back();
            continue;
        }
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || paths_.size() >= kMaxPaths) {
            continue;
        }
        std::string path = stack.back().path + "/" + entry->d_name;
        paths_.insert_or_assign(entry->d_ino, path);
        if (stack.size() < kMaxDepth) {
            stack.push_back({open_directory(dirfd(stack.back().listing.get()), entry->d_name),
                             std::move(path)});
        }
    }
}

}  // namespace capture
