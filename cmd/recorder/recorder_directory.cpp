// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/recorder/recorder_directory.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using pcapng::Error;
using pcapng::Result;

constexpr std::string_view kRootDirectory = "/run/pidcap";
constexpr std::string_view kServiceDirectory = "/run/pidcap-service";  // of systemd/*.service
constexpr std::string_view kSuffix = ".sock";
constexpr size_t kLongestName = 64;

struct CloseFolder {
    void operator()(DIR* folder) const { closedir(folder); }
};

// Returns an empty text for root, whose environment may be another user's.
std::string user_directory() {
    if (geteuid() == 0) {
        return {};
    }
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    return runtime != nullptr && runtime[0] == '/' ? std::string(runtime) + "/pidcap"
                                                   : std::string();
}

}  // namespace

bool is_recorder_name(std::string_view name) {
    static constexpr std::string_view kAllowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@";
    return !name.empty() && name.size() <= kLongestName && name.front() != '.' &&
           name.front() != '-' && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

Result<std::string> own_recorder_directory() {
    const char* runtime = std::getenv("RUNTIME_DIRECTORY");
    if (runtime != nullptr && runtime == kServiceDirectory) {
        return std::string(kServiceDirectory);
    }
    if (geteuid() == 0) {
        return std::string(kRootDirectory);
    }
    std::string directory = user_directory();
    if (directory.empty()) {
        return Error{
            "XDG_RUNTIME_DIR is not set, below which the sockets of recorders are: log in as this "
            "user, or set it to a folder of this user's"};
    }
    return directory;
}

Result<std::string> make_recorder_directory() {
    auto directory = own_recorder_directory();
    if (!directory) {
        return directory;
    }
    const std::string shown = packet::printable(*directory);
    if (mkdir(directory->c_str(), 0755) != 0 && errno != EEXIST) {
        return pcapng::errno_error("make " + shown, errno);
    }
    struct stat status {};
    if (lstat(directory->c_str(), &status) != 0) {
        return pcapng::errno_error("look at " + shown, errno);
    }
    if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 022) != 0) {
        return Error{fmt::format("{}: not a folder that this user alone may write", shown), EPERM};
    }
    return directory;
}

std::string recorder_socket_path(const std::string& directory, std::string_view name) {
    return fmt::format("{}/{}{}", directory, name, kSuffix);
}

std::vector<RecorderSocket> list_recorder_sockets() {
    std::vector<RecorderSocket> sockets;
    for (const std::string& directory :
         {std::string(kRootDirectory), std::string(kServiceDirectory), user_directory()}) {
        const std::unique_ptr<DIR, CloseFolder> folder(
            directory.empty() ? nullptr : opendir(directory.c_str()));
        while (const dirent* entry = folder != nullptr ? readdir(folder.get()) : nullptr) {
            std::string_view name = entry->d_name;
            if (!name.ends_with(kSuffix)) {
                continue;
            }
            name.remove_suffix(kSuffix.size());
            if (is_recorder_name(name)) {
                sockets.push_back({std::string(name), recorder_socket_path(directory, name)});
            }
        }
    }
    std::sort(sockets.begin(), sockets.end(),
              [](const RecorderSocket& a, const RecorderSocket& b) { return a.name < b.name; });
    return sockets;
}

}  // namespace cmd
