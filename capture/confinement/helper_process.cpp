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
#include "capture/confinement/message.h"

namespace capture {
namespace {

using pcapng::errno_error;
using pcapng::Fd;
using pcapng::Result;

// Nobody who reads our output waits for the end of a helper, and nothing that a library prints in
// one gets into it.
bool keep_only(int socket, std::vector<int> kept) {
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (nothing < 0 || socket == fd || dup2(nothing, fd) < 0) {
            return false;
        }
    }
    kept.push_back(socket);
    close_all_but(kept, STDERR_FILENO + 1);
    return true;
}

void block_signals() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
}

// More than an error's message has.
constexpr size_t kMaxMessage = 16384;

// What the child says first: whether it is ready, or why not.
bool send_result(int socket, const Result<void>& result) {
    MessageWriter message;
    message.add_outcome(result);
    return send_message(socket, message);
}

Result<void> receive_result(int socket, const char* name) {
    std::vector<char> room(kMaxMessage);
    const auto received = receive_message(socket, room);
    MessageReader message(received ? received->bytes : std::span<const char>());
    const auto failed = message.error();
    if (!message.complete()) {
        return errno_error(std::string("start ") + name, ESRCH);
    }
    return failed
               ? pcapng::Error{std::string("start ") + name + ": " + failed->message, failed->code}
               : Result<void>{};
}

[[noreturn]] void run(pid_t parent, const char* name, int socket, const Confinement& confinement,
                      const std::function<Result<HelperProcess::Serve>()>& prepare,
                      const std::vector<int>& kept) {
    block_signals();
    prctl(PR_SET_NAME, name);
    if (!keep_only(socket, kept)) {
        send_result(socket, errno_error("take over its descriptors", errno));
        _exit(1);
    }
    const Result<HelperProcess::Serve> serve = prepare();
    const Result<void> confined = serve ? confine(confinement) : serve.error();
    // Another user's credentials take such a wish back, so it comes after them.
    if (!end_with_parent(parent)) {
        _exit(1);
    }
    if (send_result(socket, confined) && confined) {
        (*serve)(socket);
    }
    _exit(confined ? 0 : 1);
}

}  // namespace

bool end_with_parent(pid_t parent) {
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

Result<HelperProcess> HelperProcess::start(const char* name, const Confinement& confinement,
                                           const std::function<Result<Serve>()>& prepare,
                                           const std::vector<int>& kept) {
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
        run(parent, name, theirs.get(), confinement, prepare, kept);
    }
    theirs.reset();
    HelperProcess helper(pid, std::move(ours));
    if (auto started = receive_result(helper.socket(), name); !started) {
        return std::move(started).error();
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
