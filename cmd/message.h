// SPDX-License-Identifier: GPL-2.0-only
//
// Messages to standard error. One that can't be written is lost, and changes nothing else: neither
// the exit status nor a capture. The caller ignores SIGPIPE.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace cmd {

// Writes the text to standard error. Gives up a reader that takes nothing for a tenth of a second.
void write_message(std::string_view text);

template <typename... Arguments>
void print_message(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write_message(fmt::format(format, std::forward<Arguments>(arguments)...));
}

// Opens those of the descriptors 0 to 2 that are closed, so that no file that is opened later
// becomes one of them. Reading and writing them fails with EBADF all the same, and a command that
// is executed finds them closed, as env(1) would leave them. Call it first of all.
void hold_standard_streams();

// Returns false if standard output was closed, or isn't open for writing.
bool stdout_takes_data();

}  // namespace cmd
