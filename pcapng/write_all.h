// SPDX-License-Identifier: GPL-2.0-only
//
// Writing text to a descriptor that may be a slow or non-blocking pipe or terminal.
#pragma once

#include <string_view>

#include "pcapng/result.h"

namespace pcapng {

// Writes all of `text`; waits where the descriptor has no room, once `stop_fd` is readable only as
// long as something is read (pcapng/write_bytes.h; -1: for ever). `what` names it in the error.
Result<void> write_all(int fd, std::string_view text, const char* what, int stop_fd);

}  // namespace pcapng
