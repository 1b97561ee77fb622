// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/offline/result_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "cmd/key_file.h"
#include "cmd/made_file.h"
#include "cmd/message.h"
#include "cmd/sudo_caller.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using pcapng::Error;
using pcapng::Fd;
using pcapng::Output;
using pcapng::Result;

constexpr mode_t kFolderMode = 0700;

Error open_error(const std::string& path, const MadeFile& refused, const char* what = "file") {
    if (refused.is_foreign) {
        return Error{fmt::format("open {}: the {} is {}", packet::printable(path), what, kForeign),
                     EACCES};
    }
    Error error = Output::open_error(packet::printable(path), refused.code);
    if (refused.code == EACCES || refused.code == EPERM) {
        error.message += caller_hint();
    }
    return error;
}

bool is_same_file(const struct stat& file, const std::string& input) {
    struct stat other {};
    const int found = input == "-" ? fstat(STDIN_FILENO, &other) : stat(input.c_str(), &other);
    return found == 0 && file.st_dev == other.st_dev && file.st_ino == other.st_ino;
}

Result<Fd> open_path(const std::string& path, FileMode mode) {
    if (path == "-") {
        Fd fd(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
        if (!fd.valid()) {
            return pcapng::errno_error("open stdout", errno);
        }
        return fd;
    }
    MadeFile file;
    do {
        file = open_to_write(path, 0, true, mode);
    } while (file.code == EINTR);
    if (!file.fd.valid()) {
        return open_error(path, file);
    }
    return std::move(file.fd);
}

Result<bool> is_empty(int folder, const std::string& path) {
    const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0) {
        return pcapng::errno_error("read " + packet::printable(path), errno);
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(copy), closedir);
    if (entries == nullptr) {
        const int code = errno;
        close(copy);
        return pcapng::errno_error("read " + packet::printable(path), code);
    }
    while (const dirent* entry = readdir(entries.get())) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            return false;
        }
    }
    return true;
}

Result<Output> open_emptied(const std::string& path, std::span<const std::string> inputs,
                            FileMode mode, bool is_private) {
    Result<Fd> fd = open_path(path, mode);
    if (!fd) {
        return std::move(fd).error();
    }
    struct stat status {};
    if (fstat(fd->get(), &status) != 0) {
        return pcapng::errno_error("stat " + packet::printable(path), errno);
    }
    const std::string name = path == "-" ? "stdout" : packet::printable(path);
    if (S_ISREG(status.st_mode)) {
        for (const std::string& input : inputs) {
            if (is_same_file(status, input)) {
                return Error{
                    fmt::format("write {}: this is the input file; name another one", name)};
            }
        }
        // What is behind the position in stdout, and who may read it, is the shell's business.
        if (path != "-" && is_private) {
            if (auto refused = refuse_exposed(status, "write " + name); !refused) {
                return std::move(refused).error();
            }
        }
        if (path != "-" && ftruncate(fd->get(), 0) != 0) {
            return pcapng::errno_error("empty " + name, errno);
        }
    }
    return Output::from_fd(*std::move(fd), name);
}

}  // namespace

void ignore_write_signals() {
    (void)std::signal(SIGPIPE, SIG_IGN);
    (void)std::signal(SIGXFSZ, SIG_IGN);
}

Result<Output> open_result(const std::string& path, std::span<const std::string> inputs,
                           FileMode mode) {
    if (path == "-" && isatty(STDOUT_FILENO) != 0) {
        return Error{"a capture is binary: -w - needs a pipe or a file as stdout"};
    }
    return open_emptied(path, inputs, mode, false);
}

Result<Output> open_key_file(const std::string& path, std::span<const std::string> inputs) {
    return open_emptied(path, inputs, kPrivate, true);
}

void tell_keys(std::string_view command, const forensics::Rewriter::Keys& keys,
               const std::string& path) {
    if (keys.lines > 0) {
        print_message(
            "pidcap {}: {} TLS key{} in it: whoever has it can decrypt these connections\n",
            command, keys.lines, keys.lines == 1 ? " is" : "s are");
    }
    struct stat status {};
    if (keys.lines > 0 && path != "-" && stat(path.c_str(), &status) == 0 &&
        S_ISREG(status.st_mode) && is_exposed(status.st_mode)) {
        print_message("pidcap {}: others may read {} (mode {:03o})\n", command,
                      packet::printable(path), status.st_mode & 0777);
    }
    if (keys.late > 0) {
        print_message(
            "pidcap {}: {} of them stand behind packets that need them: the input could be read "
            "only once\n",
            command, keys.late);
    }
}

bool say_left_out(std::string_view command, const forensics::Rewriter::LeftOut& left_out) {
    if (left_out.blocks > 0) {
        print_message(
            "pidcap {}: {} blocks that aren't packets are left out: they are too large or too "
            "many, "
            "or of another byte order\n",
            command, left_out.blocks);
    }
    if (left_out.comments > 0) {
        print_message(
            "pidcap {}: {} packets keep their comments as they are: no room for more about their "
            "processes\n",
            command, left_out.comments);
    }
    if (left_out.keys > 0) {
        print_message("pidcap {}: {} line{} of TLS keys {} left out: too long, or too many\n",
                      command, left_out.keys, left_out.keys == 1 ? "" : "s",
                      left_out.keys == 1 ? "is" : "are");
    }
    return left_out.blocks > 0 || left_out.keys > 0 || left_out.comments > 0;
}

mode_t folder_mode(FileMode mode) {
    const mode_t readers = mode ? *mode & (S_IRGRP | S_IROTH) : 0;
    return kFolderMode | readers | readers >> 2;
}

Result<Fd> open_result_folder(const std::string& path, FileMode mode) {
    const bool is_new = ::mkdir(path.c_str(), kFolderMode) == 0;
    if (!is_new && errno != EEXIST) {
        return pcapng::errno_error("make the folder " + packet::printable(path), errno);
    }
    MadeFile folder = open_folder(path);
    if (!folder.fd.valid()) {
        return folder.code == ENOTDIR
                   ? Error{fmt::format("{}: not a folder", packet::printable(path)), ENOTDIR}
                   : open_error(path, folder, "folder");
    }
    // Whatever the umask.
    if (is_new && mode && fchmod(folder.fd.get(), folder_mode(mode)) != 0) {
        return pcapng::errno_error("change the mode of " + packet::printable(path), errno);
    }
    return std::move(folder.fd);
}

Result<ResultFolder> ResultFolder::open(const std::string& path, FileMode mode) {
    Result<Fd> opened = open_result_folder(path, mode);
    if (!opened) {
        Error error = std::move(opened).error();
        if (error.code == ENOTDIR) {
            error.message = "-w " + error.message + ", which --split needs";
        }
        return error;
    }
    Fd fd = *std::move(opened);
    const auto empty = is_empty(fd.get(), path);
    if (!empty) {
        return empty.error();
    }
    if (!*empty) {
        return Error{
            fmt::format("-w {}: the folder isn't empty; name a new one", packet::printable(path))};
    }
    return ResultFolder(std::move(fd), path, mode);
}

Result<Output> ResultFolder::create(const std::string& name) {
    MadeFile file = make_file(fd_.get(), name, 0, mode_);
    const std::string path = path_ + "/" + name;
    if (!file.fd.valid()) {
        return open_error(path, file);
    }
    struct stat status {};
    if (fstat(file.fd.get(), &status) != 0) {
        return pcapng::errno_error("stat " + packet::printable(path), errno);
    }
    made_[name] = {status.st_dev, status.st_ino, status.st_uid};
    return Output::from_fd(std::move(file.fd), packet::printable(path));
}

Result<Output> ResultFolder::reopen(const std::string& name) const {
    Fd fd(openat(fd_.get(), name.c_str(),
                 O_APPEND | O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    const std::string path = path_ + "/" + name;
    if (!fd.valid()) {
        return open_error(path, {Fd(), errno});
    }
    struct stat status {};
    const auto made = made_.find(name);
    if (fstat(fd.get(), &status) != 0 || made == made_.end() ||
        made->second != std::tuple(status.st_dev, status.st_ino, status.st_uid)) {
        return Error{fmt::format("open {}: another file has taken its place meanwhile",
                                 packet::printable(path)),
                     EEXIST};
    }
    return Output::from_fd(std::move(fd), packet::printable(path));
}

}  // namespace cmd
