// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/command.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "cmd/sudo_caller.h"

namespace cmd {
namespace {

using pcapng::errno_error;
using pcapng::Fd;

struct Pipe {
    Fd reader;
    Fd writer;
};

pcapng::Result<Pipe> open_pipe() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return errno_error("make a pipe to the command", errno);
    }
    return Pipe{Fd(fds[0]), Fd(fds[1])};
}

// Tells why nothing is executed, and ends.
[[noreturn]] void give_up(int failure, int code) {
    if (write(failure, &code, sizeof(code)) != sizeof(code)) {
        _exit(126);
    }
    _exit(status_of_failed_exec(code));
}

// What login(1) sets: programs find their files by it.
void set_environment_of(const capture::UserIds& user) {
    if (const passwd* entry = getpwuid(user.uid)) {
        setenv("HOME", entry->pw_dir, 1);
        setenv("SHELL", entry->pw_shell, 1);
        setenv("USER", entry->pw_name, 1);
        setenv("LOGNAME", entry->pw_name, 1);
    }
}

[[noreturn]] void run_child(const std::vector<std::string>& arguments, int go, int failure,
                            bool stdout_to_stderr, const StopSignals& signals,
                            const std::optional<capture::UserIds>& user) {
    char byte = 0;
    if (read(go, &byte, 1) != 1) {
        _exit(0);
    }
    if (user) {
        if (auto changed = become(*user); !changed) {
            give_up(failure, changed.error().code);
        }
        set_environment_of(*user);
    }
    signals.restore_inherited();
    if (stdout_to_stderr) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
    }
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    give_up(failure, errno);
}

// Returns 0, or the errno.
int try_program(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
        return errno;
    }
    if (!S_ISREG(status.st_mode)) {
        return EACCES;
    }
    return faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

}  // namespace

int status_of_failed_exec(int code) {
    return code == ENOENT ? 127 : 126;
}

namespace {

// Returns 0, or the errno. `path`: where the program is.
int look_for(const std::string& name, std::string& path) {
    const char* given = getenv("PATH");
    std::string_view folders = given != nullptr ? given : "/bin:/usr/bin";
    const bool is_path = name.find('/') != std::string::npos;
    path = name;
    int code = is_path ? try_program(name) : ENOENT;
    for (bool more = !name.empty() && !is_path; more && code != 0;) {
        const size_t end = std::min(folders.find(':'), folders.size());
        const std::string folder(folders.substr(0, end));
        path = folder.empty() ? name : folder + "/" + name;
        const int now = try_program(path);
        code = now == 0 || now == EACCES ? now : code;
        more = end < folders.size();
        folders.remove_prefix(more ? end + 1 : end);
    }
    return code;
}

}  // namespace

pcapng::Result<std::string> find_program(const std::string& name,
                                         const std::optional<capture::UserIds>& user) {
    int code = 0;
    std::string path;
    pcapng::Result<void> looked;
    if (user) {
        looked = act_as(*user, [&] { code = look_for(name, path); });
    } else {
        code = look_for(name, path);
    }
    if (!looked) {
        return std::move(looked).error();
    }
    return code != 0 ? pcapng::Result<std::string>(errno_error("run " + name, code)) : path;
}

pcapng::Result<Command> Command::prepare(std::vector<std::string> arguments, bool stdout_to_stderr,
                                         const StopSignals& signals,
                                         const std::optional<capture::UserIds>& user) {
    auto go = open_pipe();
    if (!go) {
        return std::move(go).error();
    }
    auto failure = open_pipe();
    if (!failure) {
        return std::move(failure).error();
    }
    pid_t pid = fork();
    if (pid < 0) {
        return errno_error("fork for " + arguments[0], errno);
    }
    if (pid == 0) {
        go->writer.reset();
        run_child(arguments, go->reader.get(), failure->writer.get(), stdout_to_stderr, signals,
                  user);
    }
    Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd.valid()) {
        return errno_error("watch the process of " + arguments[0], errno);
    }
    return Command(pid, std::move(pidfd), std::move(go->writer), std::move(failure->reader),
                   std::move(arguments[0]));
}

pcapng::Result<void> Command::start() {
    if (write(go_.get(), "", 1) != 1) {
        return errno_error("start " + name_, errno);
    }
    int code = 0;
    if (read(failure_.get(), &code, sizeof(code)) == sizeof(code)) {
        return errno_error("run " + name_, code);
    }
    return {};
}

bool Command::ended() const {
    pollfd watched{pidfd_.get(), POLLIN, 0};
    return poll(&watched, 1, 0) == 1;
}

pcapng::Result<void> Command::signal(int number) const {
    if (syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) != 0 && errno != ESRCH) {
        return errno_error("pass the signal on to " + name_, errno);
    }
    return {};
}

int Command::wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0) {
        if (errno != EINTR) {
            return 1;
        }
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace cmd
