// SPDX-License-Identifier: GPL-2.0-only
//
// The name that what is captured on this machine is called by. No state.
#pragma once

#include <string>

namespace capture {

// Returns `uname -n`. Empty if that is a name that no machine has to itself: "localhost", or
// Linux's "(none)", which it has before one is set.
std::string host_name();

}  // namespace capture
