// SPDX-License-Identifier: GPL-2.0-only
//
// tcpdump's options that pidcap has nothing to do for: those that are taken because what they ask
// for is so anyway, and those that are refused with what to use instead. docs/tcpdump.md lists all
// options of tcpdump; a test compares it with tcpdump's manual page and with what happens.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/option_reader.h"

namespace cmd {

// A member of a command line, before it is parsed.
class TcpdumpOptions {
  public:
    // kFile: those of a capture are among them.
    enum class For { kCapture, kFile };

    TcpdumpOptions(CommandLine& line, For what);

    // Refuses the first one that is given and can't be taken.
    void check(OptionReader& reader) const;

  private:
    std::vector<std::pair<const Option*, std::string_view>> refused_;  // with the message
};

}  // namespace cmd
