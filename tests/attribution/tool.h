// SPDX-License-Identifier: GPL-2.0-only
//
// Tool: a program of the system that makes traffic.
#pragma once

#include <string>
#include <vector>

#include "tests/support/actor.h"
#include "tests/support/process.h"

namespace bench {

class Tool {
  public:
    // The program is found in PATH.
    Tool(const test::Netns& netns, const std::vector<std::string>& command);

    const test::Who& who() const { return who_; }
    test::Process& process() { return process_; }
    // Waits until it ends, and throws unless it ended well.
    void must_succeed();

    // Whether there is such a program in PATH.
    static bool exists(const std::string& name);

  private:
    std::string name_;
    test::Process process_;
    test::Who who_;
};

}  // namespace bench
