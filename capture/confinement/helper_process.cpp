// SPDX-License-Identifier: GPL-2.0-only
#include "capture/confinement/helper_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "capture/confinement/descriptors.h"

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Fd;
using pcapng::Result;

// Nobody who reads our output waits for the end of a helper, and nothing that a library prints in
// one gets into it.
bool keep_only(int socket) {
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (nothing < 0 || socket == fd || dup2(nothing, fd) < 0) {
            return false;
        }
    }
    close_all_but({socket}, STDERR_FILENO + 1);
    return true;
}

void block_signals() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
}

// What the child says first: 0, or the errno of what failed.
bool send_code(int socket, int code) {
    return send(socket, &code, sizeof(code), MSG_NOSIGNAL) == sizeof(code);
}

[[noreturn]] void run(pid_t parent, const char* name, int socket, const Confinement& confinement,
                      const std::function<Result<HelperProcess::Serve>()>& prepare) {
    block_signals();
    prctl(PR_SET_NAME, name);
    if (!keep_only(socket)) {
        send_code(socket, errno);
        _exit(1);
    }
    const Result<HelperProcess::Serve> serve = prepare();
    const Result<void> confined = serve ? confine(confinement) : serve.error();
    // Another user's credentials take such a wish back, so it comes after them.
    if (!end_with_parent(parent)) {
        _exit(1);
    }
    // An error without a number isn't success.
    const int code = confined ? 0 : std::max(1, confined.error().code);
    if (send_code(socket, code) && confined) {
        (*serve)(socket);
    }
    _exit(confined ? 0 : 1);
}

}  // namespace

bool end_with_parent(pid_t parent) {
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

Result<HelperProcess> HelperProcess::start(const char* name, const Confinement& confinement,
                                           const std::function<Result<Serve>()>& prepare) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return errno_error("make a pair of sockets", errno);
    }
    Fd ours(ends[0]);
    Fd theirs(ends[1]);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) {
        return errno_error(std::string("fork for ") + name, errno);
    }
    if (pid == 0) {
        ours.reset();
        run(parent, name, theirs.get(), confinement, prepare);
    }
    theirs.reset();
    HelperProcess helper(pid, std::move(ours));
    int code = 0;
    const ssize_t got = recv(helper.socket(), &code, sizeof(code), 0);
    if (got != sizeof(code) || code != 0) {
        return errno_error(std::string("start ") + name, got == sizeof(code) ? code : ESRCH);
    }
    return helper;
}

HelperProcess::~HelperProcess() {
    if (pid_ <= 0) {
        return;
    }
    socket_.reset();
    // Where we have become another user than it, it ends by itself, and isn't waited for.
    const int options = kill(pid_, SIGKILL) == 0 ? 0 : WNOHANG;
    while (waitpid(pid_, nullptr, options) < 0 && errno == EINTR) {
    }
}

}  // namespace capture
