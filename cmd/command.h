// SPDX-License-Identifier: GPL-2.0-only
//
// Command: the program after `--`, made before the capture starts and let go once every hook is on,
// so that its very first packet is seen. Owns the child until it has ended; a child that was never
// let go ends by itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capture/confinement/confinement.h"
#include "cmd/stop_signals.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

// Looks for a program as execvp(3) does, without executing it, and returns its path. Returns an
// error with the errno if it isn't there or `user` (none: this one) can't execute it. Another
// process may change that: exec has the last word.
pcapng::Result<std::string> find_program(const std::string& name,
                                         const std::optional<capture::UserIds>& user = {});

// The exit status of a command that couldn't be executed, as a shell has it: 127 (not found) or
// 126.
int status_of_failed_exec(int code);

class Command {
  public:
    // Forks; the child waits. It will run with the signals as pidcap found them, as `user` if
    // given. With `stdout_to_stderr` its output stays out of a capture on stdout.
    static pcapng::Result<Command> prepare(std::vector<std::string> arguments,
                                           bool stdout_to_stderr, const StopSignals& signals,
                                           const std::optional<capture::UserIds>& user = {});

    // Lets the child execute. The error says why it couldn't; the child then ends with 127 (not
    // found) or 126.
    pcapng::Result<void> start();

    int pid() const { return pid_; }
    int fd() const { return pidfd_.get(); }  // readable once the child has ended
    bool ended() const;
    const std::string& name() const { return name_; }
    pcapng::Result<void> signal(int number) const;

    // Waits for the end: its exit status, or 128 + the signal that ended it, as a shell has it.
    int wait();

  private:
    Command(int pid, pcapng::Fd pidfd, pcapng::Fd go, pcapng::Fd failure, std::string name)
        : pid_(pid),
          pidfd_(std::move(pidfd)),
          go_(std::move(go)),
          failure_(std::move(failure)),
          name_(std::move(name)) {}

    int pid_;
    pcapng::Fd pidfd_;
    pcapng::Fd go_;       // a byte lets the child go, the end of the pipe lets it exit
    pcapng::Fd failure_;  // the errno of a failed exec
    std::string name_;
};

}  // namespace cmd
