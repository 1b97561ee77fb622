// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/wireshark/installed_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "packet/line/terminal_text.h"
#include "pcapng/fd.h"
#include "pcapng/write_all.h"

namespace cmd {
namespace {

namespace fs = std::filesystem;
using dissectors::BundledFile;
using pcapng::errno_error;

// Beside the path; one that was left there by an accident is replaced.
std::string temporary_name(const std::string& path) {
    return path + ".new";
}

Result<void> make_folder(const fs::path& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
        return {};
    }
    if (path.has_parent_path() && path.parent_path() != path) {
        if (auto made = make_folder(path.parent_path()); !made) {
            return made;
        }
    }
    if (mkdir(path.c_str(), 0755) != 0 || chmod(path.c_str(), 0755) != 0) {
        return errno_error("make " + packet::printable(path.string()), errno);
    }
    return {};
}

Result<void> move_into_place(const std::string& path) {
    const std::string temporary = temporary_name(path);
    if (rename(temporary.c_str(), path.c_str()) != 0) {
        const int code = errno;
        unlink(temporary.c_str());
        return errno_error("write " + packet::printable(path), code);
    }
    return {};
}

}  // namespace

Presence presence_of(const FileSet& set, const BundledFile& file) {
    const std::string path = set.path_of(file);
    if (!exists(path)) {
        return Presence::kAbsent;
    }
    if (set.theirs && file.path == kRecent) {
        return Presence::kSame;
    }
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored) || fs::file_size(path, ignored) != file.bytes.size()) {
        return Presence::kOther;
    }
    std::ifstream stream(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    return bytes == file.bytes ? Presence::kSame : Presence::kOther;
}

Presence presence_of(const FileSet& set) {
    size_t absent = 0;
    size_t same = 0;
    for (const BundledFile& file : set.files) {
        const Presence presence = presence_of(set, file);
        absent += presence == Presence::kAbsent ? 1 : 0;
        same += presence == Presence::kSame ? 1 : 0;
    }
    if (absent == set.files.size()) {
        return Presence::kAbsent;
    }
    return same == set.files.size() ? Presence::kSame : Presence::kOther;
}

Result<void> write_file(const std::string& path, std::string_view bytes) {
    if (auto made = make_folder(fs::path(path).parent_path()); !made) {
        return made;
    }
    const std::string temporary = temporary_name(path);
    unlink(temporary.c_str());
    pcapng::Fd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.valid() || fchmod(fd.get(), 0644) != 0) {
        return errno_error("write " + packet::printable(temporary), errno);
    }
    if (auto written = pcapng::write_all(fd.get(), bytes, temporary.c_str(), -1); !written) {
        unlink(temporary.c_str());
        return written;
    }
    return move_into_place(path);
}

Result<void> write_link(const std::string& path, const std::string& target) {
    if (auto made = make_folder(fs::path(path).parent_path()); !made) {
        return made;
    }
    const std::string temporary = temporary_name(path);
    unlink(temporary.c_str());
    if (symlink(target.c_str(), temporary.c_str()) != 0) {
        return errno_error("write " + packet::printable(temporary), errno);
    }
    return move_into_place(path);
}

std::optional<std::string> link_target(const std::string& path) {
    std::error_code error;
    const fs::path target = fs::read_symlink(path, error);
    return error ? std::nullopt : std::optional(target.string());
}

bool exists(const std::string& path) {
    struct stat status {};
    return lstat(path.c_str(), &status) == 0;
}

Result<void> remove_file(const std::string& path, const std::string& kept) {
    if (unlink(path.c_str()) != 0) {
        return errno_error("remove " + packet::printable(path), errno);
    }
    for (fs::path folder = fs::path(path).parent_path();
         folder != kept && folder.has_relative_path() && rmdir(folder.c_str()) == 0;
         folder = folder.parent_path()) {
    }
    return {};
}

}  // namespace cmd
