// SPDX-License-Identifier: GPL-2.0-only
//
// Reading the configuration again while a capture runs: the signal that asks for it, and which of
// the settings that have changed can change now. The capture goes on whatever the file says.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cmd/options.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

// SIGHUP as a file descriptor. Blocks it; a child that is to have it otherwise calls
// StopSignals::restore_inherited().
class ReloadSignal {
  public:
    // Whether SIGHUP asks for a reload: with a file of --config, without a terminal that could hang
    // up, and without a command that it would be passed on to.
    static bool is_wanted(const Options& options);

    static pcapng::Result<ReloadSignal> open();

    int fd() const { return fd_.get(); }  // readable while one is pending
    bool take();                          // false: none was pending

  private:
    pcapng::Fd fd_;
};

// What a new configuration asks for, beside the one that is in force: the names of the settings
// that have changed.
struct ReloadPlan {
    Options options = {};                          // the new ones
    std::vector<std::string> process_filter = {};  // can change now
    std::vector<std::string> rotation = {};        // can change now
    std::vector<std::string> others = {};          // can't before a new start
};

// Reads the file again. Returns the plan, or why there is none, as a message.
std::variant<ReloadPlan, std::string> plan_reload(const Options& now);

// Notes that these settings are in force as the new options have them.
void take_over(Options& now, const Options& next, const std::vector<std::string>& names);

}  // namespace cmd
