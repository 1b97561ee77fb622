// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/spool_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <tuple>
#include <utility>

#include "cmd/made_file.h"
#include "cmd/message.h"
#include "cmd/recorder/trigger.h"
#include "packet/line/terminal_text.h"
#include "pcapng/output.h"

namespace cmd {
namespace {

using pcapng::Fd;

constexpr int kLowestPriority = 19;
constexpr unsigned kMostOfOneName = 10'000;

std::string part_of(const std::string& name) {
    return name + ".part";
}

bool is_plain_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
           name.find('\0') == std::string::npos;
}

struct CloseFolder {
    void operator()(DIR* folder) const { closedir(folder); }
};

std::string shown_path(const FilePattern& pattern, const std::string& name) {
    return packet::printable(pattern.path_of(name));
}

// In a child: replaces it by the command. Out of the terminal's foreground, so that Ctrl-C, which
// ends the capture, leaves the work on its files alone.
[[noreturn]] void execute(const std::string& command, const std::string& file,
                          const StopSignals& signals) {
    setpgid(0, 0);
    setpriority(PRIO_PROCESS, 0, kLowestPriority);
    signals.restore_inherited();
    execlp(command.c_str(), command.c_str(), file.c_str(), static_cast<char*>(nullptr));
    print_message("pidcap: -z: {}\n", pcapng::errno_error("run " + command, errno).message);
    _exit(127);
}

}  // namespace

void SpoolProcess::run() {
    while (wait_for_request()) {
        const auto request = receive_request(socket_.get());
        if (!request || !send_answer(socket_.get(), answer(*request))) {
            return;
        }
    }
}

// Returns once there is a request, or false if none can come any more.
bool SpoolProcess::wait_for_request() {
    while (true) {
        std::vector<pollfd> watched = {{socket_.get(), POLLIN, 0}};
        for (const Running& command : running_) {
            watched.push_back({command.fd.get(), POLLIN, 0});
        }
        if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) {
            return false;
        }
        reap();
        if (watched[0].revents != 0) {
            return true;
        }
    }
}

SpoolAnswer SpoolProcess::answer(const SpoolRequest& request) {
    using Kind = SpoolRequest::Kind;
    switch (request.kind) {
        case Kind::kReady:
            return ready();
        case Kind::kRemoveOldest:
            return remove_oldest();
        case Kind::kBegin:
        case Kind::kBeginNew:
        case Kind::kComplete:
        case Kind::kKeep:
            break;
    }
    if (!is_plain_name(request.name) ||
        (!request.keep_as.empty() && !is_plain_name(request.keep_as))) {
        return {EINVAL, 0, "open " + shown_path(pattern_, request.name)};
    }
    switch (request.kind) {
        case Kind::kBegin:
            return begin(request.name);
        case Kind::kBeginNew:
            return begin_new(request.name);
        case Kind::kKeep:
            return keep(request.name, request.keep_as);
        default:
            return complete(request.name, request.keep_as);
    }
}

// The error in errno.
SpoolAnswer SpoolProcess::failed(const char* what, const std::string& name) const {
    const int code = errno;
    return {code, 0, fmt::format("{} {}", what, shown_path(pattern_, name))};
}

SpoolAnswer SpoolProcess::ready() {
    folder_ = Fd(open(pattern_.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder_.valid() && errno == EACCES) {
        folder_ = Fd(open(pattern_.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    if (!folder_.valid() || faccessat(folder_.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
        const int code = errno;
        return {code, 0, "open " + packet::printable(pattern_.folder)};
    }
    return {};
}

// A device, a fifo or a link mustn't be replaced by a file, nor what another user has put into a
// folder for everyone.
bool SpoolProcess::may_replace(const std::string& name) const {
    struct stat status {};
    if (fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT;
    }
    if (is_foreign(folder_.get(), name)) {
        errno = EACCES;
        return false;
    }
    errno = EEXIST;
    return S_ISREG(status.st_mode);
}

SpoolAnswer SpoolProcess::begin(const std::string& name) {
    const std::string part = part_of(name);
    if (!may_replace(name)) {
        return failed("replace", name);
    }
    if (!may_replace(part) || (unlinkat(folder_.get(), part.c_str(), 0) != 0 && errno != ENOENT)) {
        return failed("replace", part);
    }
    MadeFile file = make_file(folder_.get(), part, 0, options_.mode);
    if (!file.fd.valid()) {
        errno = file.code;
        return failed("open", part);
    }
    SpoolAnswer answer;
    answer.fd = std::move(file.fd);
    if (made_.erase(name) > 0) {
        unlinkat(folder_.get(), name.c_str(), 0);
    }
    current_ = name;
    return answer;
}

bool SpoolProcess::is_free(const std::string& name) const {
    struct stat status {};
    return fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 &&
           errno == ENOENT;
}

SpoolAnswer SpoolProcess::begin_new(const std::string& name) {
    for (unsigned number = 1; number <= kMostOfOneName; number++) {
        const std::string free = numbered_name(name, number);
        if (is_free(free) && is_free(part_of(free))) {
            SpoolAnswer answer = begin(free);
            answer.text = answer.code == 0 ? free : answer.text;
            return answer;
        }
    }
    errno = EMFILE;
    return failed("open", name);
}

// link(2) fails if there is a file of the new name.
SpoolAnswer SpoolProcess::keep(const std::string& name, const std::string& as) const {
    for (unsigned number = 1; number <= kMostOfOneName; number++) {
        const std::string kept = numbered_name(as, number);
        if (linkat(folder_.get(), name.c_str(), folder_.get(), kept.c_str(), 0) == 0) {
            return {0, 0, kept};
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return failed("keep", name);
}

SpoolAnswer SpoolProcess::complete(const std::string& name, const std::string& keep_as) {
    const std::string part = part_of(name);
    if (!may_replace(name)) {
        return failed("replace", name);
    }
    if (renameat(folder_.get(), part.c_str(), folder_.get(), name.c_str()) != 0) {
        return failed("rename", part);
    }
    current_.clear();
    made_.insert(name);
    if (listed_) {
        std::erase(old_, name);  // an earlier round of a ring
        old_.push_back(name);
    }
    const SpoolAnswer kept = keep_as.empty() ? SpoolAnswer{} : keep(name, keep_as);
    if (options_.command) {
        run_command(name);
    }
    // That it isn't kept makes it no less complete.
    return {0, static_cast<uint64_t>(kept.code), kept.text};
}

void SpoolProcess::run_command(const std::string& name) {
    const std::string file = pattern_.path_of(name);
    const pid_t pid = fork();
    if (pid == 0) {
        execute(*options_.command, file, signals_);
    }
    if (pid < 0) {
        print_message("pidcap: -z: {}\n", pcapng::errno_error("fork", errno).message);
        return;
    }
    running_.push_back({pid, Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))), file});
}

void SpoolProcess::reap() {
    std::erase_if(running_, [this](const Running& command) {
        int status = 0;
        if (waitpid(command.pid, &status, WNOHANG) != command.pid) {
            return false;
        }
        // 127: it was said already.
        if (WIFSIGNALED(status)) {
            print_message("pidcap: -z {} {}: killed by signal {}\n",
                          packet::printable(*options_.command), packet::printable(command.file),
                          WTERMSIG(status));
        } else if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 127) {
            print_message("pidcap: -z {} {}: exit status {}\n",
                          packet::printable(*options_.command), packet::printable(command.file),
                          WEXITSTATUS(status));
        }
        return true;
    });
}

bool SpoolProcess::is_ours(const std::string& name) const {
    return options_.by_trigger ? is_trigger_file_name(pattern_.name, name)
                               : is_name_of(pattern_.name, options_, name);
}

// Fills old_ with the files of this pattern.
void SpoolProcess::list_old_files() {
    listed_ = true;
    std::unique_ptr<DIR, CloseFolder> folder(
        fdopendir(openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    if (folder == nullptr) {
        old_.assign(made_.begin(), made_.end());
        return;
    }
    std::vector<Old> files;
    while (const dirent* entry = readdir(folder.get())) {
        const std::string name = entry->d_name;
        struct stat status {};
        if (is_ours(name) && name != part_of(current_) &&
            fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode)) {
            files.push_back({name, status.st_size, status.st_mtim});
        }
    }
    std::sort(files.begin(), files.end(), [](const Old& one, const Old& other) {
        return std::tie(one.changed.tv_sec, one.changed.tv_nsec, one.name) <
               std::tie(other.changed.tv_sec, other.changed.tv_nsec, other.name);
    });
    for (Old& file : files) {
        old_.push_back(std::move(file.name));
    }
}

SpoolAnswer SpoolProcess::remove_oldest() {
    if (old_.empty()) {
        list_old_files();
    }
    while (!old_.empty()) {
        const std::string name = std::move(old_.front());
        old_.pop_front();
        struct stat status {};
        // A collector may have taken it, a ring may be writing it anew.
        if (name == current_ || name == part_of(current_) ||
            fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(status.st_mode) || unlinkat(folder_.get(), name.c_str(), 0) != 0) {
            continue;
        }
        made_.erase(name);
        // What a trigger keeps under another name still takes its space.
        const uint64_t freed = status.st_nlink > 1 ? 0 : static_cast<uint64_t>(status.st_blocks);
        return {0, freed * 512, name};
    }
    return {ENOENT, 0, {}};
}

}  // namespace cmd
