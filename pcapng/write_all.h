// SPDX-License-Identifier: GPL-2.0-only
//
// Writing text to a descriptor that may be a slow or non-blocking pipe or terminal.
#pragma once

#include <string_view>

#include "pcapng/result.h"

namespace pcapng {

// Writes all of `text` and waits while the descriptor has no room. Once `stop_fd` is readable, it
// gives up a reader that takes nothing (pcapng/write_bytes.h); -1: it waits for ever. `what` names
// the descriptor in the error.
Result<void> write_all(int fd, std::string_view text, const char* what, int stop_fd);

}  // namespace pcapng
