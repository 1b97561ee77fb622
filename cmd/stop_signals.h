// SPDX-License-Identifier: GPL-2.0-only
//
// StopSignals: SIGINT, SIGTERM, SIGHUP and SIGQUIT as a file descriptor, and the signals that
// pidcap ignores because write(2) reports the same. Remembers how they were, for the command.
//
// One that isn't taken keeps the descriptor readable, for everyone who must not wait any longer.
// SIGHUP and SIGQUIT that were ignored at the start (nohup(1), jobs of a script) stay ignored.
#pragma once

#include <signal.h>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

class StopSignals {
  public:
    struct Signal {
        int number = 0;
        bool from_terminal = false;  // the whole foreground process group got it
    };

    // One per process. `but_hangup`: SIGHUP is somebody else's.
    static pcapng::Result<StopSignals> open(bool but_hangup = false);

    int fd() const { return fd_.get(); }  // readable while one is pending
    bool pending() const;
    Signal take();  // one that is pending

    // In a child before execve(2): everything as this process found it. Async-signal-safe.
    void restore_inherited() const;

  private:
    StopSignals() = default;

    pcapng::Fd fd_;
    sigset_t inherited_mask_{};
    struct sigaction inherited_pipe_ {};
    struct sigaction inherited_file_size_ {};
};

}  // namespace cmd
