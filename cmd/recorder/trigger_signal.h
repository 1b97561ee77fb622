// SPDX-License-Identifier: GPL-2.0-only
//
// TriggerSignal: SIGUSR1 as a file descriptor. A command or -z's gets the signals as pidcap found
// them, by StopSignals, which is opened before.
#pragma once

#include <sys/types.h>

#include <optional>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

class TriggerSignal {
  public:
    // One per process.
    static pcapng::Result<TriggerSignal> open();

    int fd() const { return fd_.get(); }
    // Returns who sent it, or nullopt if none is pending.
    std::optional<uid_t> take();

  private:
    explicit TriggerSignal(pcapng::Fd fd) : fd_(std::move(fd)) {}

    pcapng::Fd fd_;
};

}  // namespace cmd
