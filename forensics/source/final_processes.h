// SPDX-License-Identifier: GPL-2.0-only
//
// FinalProcesses: what a whole file tells of its processes, for commands that need it before they
// reach the block that tells it: process information may stand behind the packets of its process.
// Owns copies. One thread.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "forensics/packet_types.h"
#include "forensics/source/source.h"

namespace forensics {

class FinalProcesses {
  public:
    using Progress = std::function<void(const Source& from)>;

    // Reads the file through, as far as it can be read; `progress` is called for each packet. What
    // can be read only once (standard input, a fifo) isn't opened: nothing more is known of it.
    static FinalProcesses read(const std::string& path, const Progress& progress);

    // Returns what the same file's Source knows of a process now, completed by what the file tells
    // later. What it tells now stays.
    Process completed(const Process& now) const;
    // Returns what the file tells in the end, or null if it isn't known. For single fields.
    const Process* find(const Process& now) const;

  private:
    std::deque<Process> processes_;  // by number
};

}  // namespace forensics
