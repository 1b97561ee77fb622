// SPDX-License-Identifier: GPL-2.0-only
#include "capture/containers/owned_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include "pcapng/fd.h"

namespace capture {
namespace {

using pcapng::Fd;

constexpr int kMaxLinks = 16;

bool is_among(const std::vector<uid_t>& users, uid_t user) {
    return std::find(users.begin(), users.end(), user) != users.end();
}

// Puts the components of a path onto a stack, the first one on top.
void push_components(std::vector<std::string>& stack, std::string_view path) {
    const auto first = static_cast<std::ptrdiff_t>(stack.size());
    while (!path.empty()) {
        const size_t end = std::min(path.find('/'), path.size());
        if (end > 0 && path.substr(0, end) != ".") {
            stack.emplace_back(path.substr(0, end));
        }
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    std::reverse(stack.begin() + first, stack.end());
}

// Where a file is: its folder's descriptor and its name there.
struct Place {
    Fd folder;
    std::string name;
    struct stat file {};
};

// Component by component, as openat2(2) with RESOLVE_IN_ROOT, which a filter of system calls can't
// tell from a call that writes.
std::optional<Place> find_place(int root, std::string_view path,
                                const std::vector<uid_t>& trusted) {
    std::vector<Fd> folders;
    folders.emplace_back(openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::vector<std::string> left;
    push_components(left, path);
    int links = 0;
    while (!left.empty()) {
        const std::string part = std::move(left.back());
        left.pop_back();
        if (part == "..") {
            if (folders.size() > 1) {
                folders.pop_back();
            }
            continue;
        }
        Fd next(openat(folders.back().get(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat file {};
        if (!next.valid() || fstat(next.get(), &file) != 0) {
            return std::nullopt;
        }
        if (S_ISLNK(file.st_mode)) {
            std::array<char, PATH_MAX> target{};
            const ssize_t size = readlinkat(next.get(), "", target.data(), target.size());
            if (!is_among(trusted, file.st_uid) || ++links > kMaxLinks || size <= 0) {
                return std::nullopt;
            }
            if (target[0] == '/') {
                folders.resize(1);
            }
            push_components(left, {target.data(), static_cast<size_t>(size)});
        } else if (left.empty()) {
            return Place{std::move(folders.back()), part, file};
        } else if (!S_ISDIR(file.st_mode)) {
            return std::nullopt;
        } else {
            folders.push_back(std::move(next));
        }
    }
    return std::nullopt;
}

std::optional<std::string> read_whole(int file, size_t limit) {
    std::string bytes;
    std::array<char, 16384> part;
    while (true) {
        const ssize_t got = read(file, part.data(), part.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 || bytes.size() + static_cast<size_t>(got) > limit) {
            return std::nullopt;
        }
        if (got == 0) {
            return bytes;
        }
        bytes.append(part.data(), static_cast<size_t>(got));
    }
}

}  // namespace

std::optional<std::string> read_owned_file(int root, std::string_view path,
                                           const std::vector<uid_t>& owners,
                                           const std::vector<uid_t>& trusted, size_t limit) {
    const auto place = find_place(root, path, trusted);
    if (!place || !S_ISREG(place->file.st_mode) || !is_among(owners, place->file.st_uid) ||
        static_cast<uint64_t>(place->file.st_size) > limit) {
        return std::nullopt;
    }
    const Fd file(openat(place->folder.get(), place->name.c_str(),
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat opened {};
    // Another file may have taken its place meanwhile.
    if (!file.valid() || fstat(file.get(), &opened) != 0 || opened.st_dev != place->file.st_dev ||
        opened.st_ino != place->file.st_ino) {
        return std::nullopt;
    }
    return read_whole(file.get(), limit);
}

}  // namespace capture
