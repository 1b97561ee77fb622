// SPDX-License-Identifier: GPL-2.0-only
//
// Child: a real process for a test to look at. Forked, prepared by a function of the test, and then
// held until the test lets it go on or ends. The destructor kills and reaps it by its pid.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <utility>

#include "pcapng/fd.h"

namespace test {

class Child {
  public:
    // Returns when prepare() has returned in the child. proceed() lets it run then() and exit.
    // Neither may use assertions: they would be the child's.
    explicit Child(const std::function<void()>& prepare, const std::function<void()>& then = {}) {
        auto [ready, ready_end] = make_pipe();
        auto [go_end, go] = make_pipe();
        pid_ = fork();
        if (pid_ < 0) {
            throw std::runtime_error("fork failed");
        }
        if (pid_ == 0) {
            ready.reset();
            go.reset();
            prepare();
            char byte = 0;
            if (write(ready_end.get(), &byte, 1) == 1 && read(go_end.get(), &byte, 1) == 1 &&
                then) {
                then();
            }
            _exit(0);
        }
        ready_ = std::move(ready);
        go_ = std::move(go);
        ready_end.reset();
        char byte = 0;
        if (read(ready_.get(), &byte, 1) != 1) {
            kill_and_reap();
            throw std::runtime_error("the child ended before it was ready");
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { kill_and_reap(); }

    pid_t pid() const { return pid_; }

    void proceed() {
        const char byte = 0;
        if (write(go_.get(), &byte, 1) != 1) {
            throw std::runtime_error("the child is not there to proceed");
        }
    }

    // Returns when the child has called exec or ended: its end of the pipe is close-on-exec.
    void wait_for_exec() {
        char byte = 0;
        while (read(ready_.get(), &byte, 1) > 0) {
        }
    }

    void kill_and_reap() {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
            }
            pid_ = -1;
        }
    }

  private:
    static std::pair<pcapng::Fd, pcapng::Fd> make_pipe() {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            throw std::runtime_error("pipe2 failed");
        }
        return {pcapng::Fd(ends[0]), pcapng::Fd(ends[1])};
    }

    pid_t pid_ = -1;
    pcapng::Fd ready_;
    pcapng::Fd go_;
};

}  // namespace test
