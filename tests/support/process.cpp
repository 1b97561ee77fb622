// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace test {
namespace {

using Clock = std::chrono::steady_clock;

std::pair<pcapng::Fd, pcapng::Fd> make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe2 failed");
    }
    return {pcapng::Fd(ends[0]), pcapng::Fd(ends[1])};
}

[[noreturn]] void become(const Launch& launch, int out, int err) {
    dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    if (launch.netns != nullptr && setns(launch.netns->fd(), CLONE_NEWNET) != 0) {
        _exit(125);
    }
    if (launch.prepare) {
        launch.prepare();
    }
    std::vector<char*> argv;
    for (const std::string& argument : launch.arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    _exit(127);
}

int milliseconds_until(Clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    return left > 0 ? static_cast<int>(left) : 0;
}

}  // namespace

Process::Process(const Launch& launch) {
    auto [out, out_end] = make_pipe();
    auto [err, err_end] = make_pipe();
    pid_ = fork();
    if (pid_ < 0) {
        throw std::runtime_error("fork failed");
    }
    if (pid_ == 0) {
        become(launch, launch.stdout_fd >= 0 ? launch.stdout_fd : out_end.get(),
               launch.stderr_fd >= 0 ? launch.stderr_fd : err_end.get());
    }
    exit_ = pcapng::Fd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    out_pipe_ = std::move(out);
    err_pipe_ = std::move(err);
}

Process::~Process() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
}

void Process::give_up(const std::string& what) const {
    throw std::runtime_error(what + "; stderr: " + err_ + "; stdout: " + out_.substr(0, 1000));
}

// Reads what comes until the process ends (true) or time is up, or once something was read (false).
bool Process::take(Clock::time_point until) {
    std::array<pollfd, 3> watched = {pollfd{out_pipe_.get(), POLLIN, 0},
                                     pollfd{err_pipe_.get(), POLLIN, 0},
                                     pollfd{exit_.get(), POLLIN, 0}};
    poll(watched.data(), watched.size(), milliseconds_until(until));
    bool any = false;
    for (auto [pipe, ready, text] :
         {std::tuple(&out_pipe_, watched[0], &out_), std::tuple(&err_pipe_, watched[1], &err_)}) {
        if (ready.revents == 0) {
            continue;
        }
        std::array<char, 65536> chunk;
        const ssize_t count = read(pipe->get(), chunk.data(), chunk.size());
        if (count > 0) {
            text->append(chunk.data(), static_cast<size_t>(count));
            any = true;
        } else {
            pipe->reset();
        }
    }
    return !any && watched[2].revents != 0;
}

void Process::wait_for(std::string_view text) {
    const auto until = Clock::now() + kPatience;
    while (err_.find(text) == std::string::npos) {
        const bool ended = take(until);
        if (ended || Clock::now() >= until) {
            give_up((ended ? "ended" : "waited in vain") +
                    (" before it said '" + std::string(text) + "'"));
        }
    }
}

void Process::signal(int number) {
    if (kill(pid_, number) != 0) {
        throw std::runtime_error(std::string("kill: ") + std::strerror(errno));
    }
    int status = 0;
    if (number == SIGSTOP && waitpid(pid_, &status, WUNTRACED) == pid_ && !WIFSTOPPED(status)) {
        pid_ = -1;
        give_up("ended before it could be stopped");
    }
}

int Process::wait() {
    const auto until = Clock::now() + kPatience;
    while (pid_ > 0 && !take(until)) {
        if (Clock::now() >= until) {
            give_up("waited in vain for the end");
        }
    }
    if (pid_ > 0) {
        while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
    }
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

bool Process::running() {
    pollfd ended = {exit_.get(), POLLIN, 0};
    return poll(&ended, 1, 0) == 0;
}

}  // namespace test
