// SPDX-License-Identifier: GPL-2.0-only
//
// PidNamespace: a PID namespace as a container has one, with a process 1 that does nothing. It
// ends, with all that is in it, with this object. Needs root.
#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "pcapng/fd.h"

namespace test {

class PidNamespace {
  public:
    // Below the one that the calling thread's children go to, see Entered.
    PidNamespace() {
        const pcapng::Fd before = open_ns("/proc/self/ns/pid_for_children");
        if (unshare(CLONE_NEWPID) != 0 || (init_ = fork()) < 0) {
            throw std::runtime_error("a PID namespace can't be made");
        }
        if (init_ == 0) {
            for (;;) {
                pause();
            }
        }
        fd_ = open_ns("/proc/self/ns/pid_for_children");
        leave_to(before);
    }
    PidNamespace(const PidNamespace&) = delete;
    PidNamespace& operator=(const PidNamespace&) = delete;
    ~PidNamespace() {
        kill(init_, SIGKILL);
        while (waitpid(init_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }

    // While one lives, processes that this thread forks are in the namespace.
    class Entered {
      public:
        explicit Entered(const PidNamespace& in)
            : before_(open_ns("/proc/self/ns/pid_for_children")) {
            leave_to(in.fd_);
        }
        Entered(const Entered&) = delete;
        Entered& operator=(const Entered&) = delete;
        ~Entered() {
            if (setns(before_.get(), CLONE_NEWPID) != 0) {
                std::abort();  // the next test would run in there
            }
        }

      private:
        pcapng::Fd before_;
    };

    int fd() const { return fd_.get(); }

  private:
    static pcapng::Fd open_ns(const std::string& path) {
        return pcapng::Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    }
    static void leave_to(const pcapng::Fd& fd) {
        if (setns(fd.get(), CLONE_NEWPID) != 0) {
            throw std::runtime_error("a PID namespace can't be entered");
        }
    }

    pid_t init_ = -1;
    pcapng::Fd fd_;
};

// In a child that is in a PID namespace, before exec: a /proc that shows it, as a container's does.
inline void mount_own_proc(const char* options = "") {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("proc", "/proc", "proc", 0, options) != 0) {
        _exit(125);
    }
}

}  // namespace test
