// SPDX-License-Identifier: GPL-2.0-only
//
// Process: a program that runs beside the test. Its outputs are pipes that the test reads when it
// asks for something, unless it brings file descriptors of its own. The destructor kills and reaps
// it by its pid, so that a failed test leaves nothing behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pcapng/fd.h"
#include "tests/support/netns.h"

namespace test {

// No test should ever come near it, not even in a virtual machine on a busy host: a wait that is
// over before has succeeded.
inline constexpr std::chrono::seconds kPatience{600};

struct Launch {
    std::vector<std::string> arguments;
    const Netns* netns = nullptr;     // null: ours
    std::function<void()> prepare{};  // in the child, before exec; no assertions
    int stdout_fd = -1;               // dup'ed; -1: collected
    int stderr_fd = -1;
};

class Process {
  public:
    explicit Process(const Launch& launch);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    pid_t pid() const { return pid_; }

    // Until stderr has said it. Throws with what it said instead, if the process ends first or
    // patience does.
    void wait_for(std::string_view text);

    // SIGSTOP returns once the process has stopped.
    void signal(int number);

    // Until the end: the exit status, 128 + the signal that killed it. Throws when patience ends.
    int wait();
    bool running();

    // What was said up to the last wait.
    const std::string& out() const { return out_; }
    const std::string& err() const { return err_; }

  private:
    bool take(std::chrono::steady_clock::time_point until);
    [[noreturn]] void give_up(const std::string& what) const;

    pid_t pid_ = -1;
    int status_ = 0;
    pcapng::Fd exit_;  // pidfd
    pcapng::Fd out_pipe_;
    pcapng::Fd err_pipe_;
    std::string out_;
    std::string err_;
};

}  // namespace test
