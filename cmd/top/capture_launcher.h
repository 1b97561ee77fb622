// SPDX-License-Identifier: GPL-2.0-only
//
// CaptureLauncher: starts captures of single processes, each another pidcap. It is a process of its
// own, forked before this one gives its rights up, and the only one that can still start a program:
// it takes a pid, and chooses the file's name itself, in the folder where it was
// started. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cmd/stop_signals.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

class CaptureLauncher {
  public:
    // `options`: of each capture, but its process and its file.
    static pcapng::Result<CaptureLauncher> start(std::vector<std::string> options,
                                                 const StopSignals& signals);

    CaptureLauncher(CaptureLauncher&& other) noexcept
        : pid_(std::exchange(other.pid_, -1)),
          requests_(std::move(other.requests_)),
          messages_(std::move(other.messages_)) {}
    CaptureLauncher& operator=(CaptureLauncher&&) = delete;
    CaptureLauncher(const CaptureLauncher&) = delete;
    CaptureLauncher& operator=(const CaptureLauncher&) = delete;
    // Ends all captures, and waits until their files are complete.
    ~CaptureLauncher();

    // Ends the capture of this process, or starts one if none runs and the process `lives`. What
    // comes of it is a message.
    void toggle(uint32_t pid, bool lives) const;

    // Readable when there is a message, and once the launcher has ended.
    int fd() const { return messages_.get(); }
    // Returns the last of the lines that were said since the last call; empty: nothing.
    std::string take_message();

  private:
    CaptureLauncher(pid_t pid, pcapng::Fd requests, pcapng::Fd messages)
        : pid_(pid), requests_(std::move(requests)), messages_(std::move(messages)) {}

    pid_t pid_;
    pcapng::Fd requests_;
    pcapng::Fd messages_;
    std::string started_;  // what the latest capture writes where
};

}  // namespace cmd
