// SPDX-License-Identifier: GPL-2.0-only
//
// Messages to standard error. One that can't be written is lost, and changes nothing else: neither
// the exit status nor a capture. The caller ignores SIGPIPE. If standard error is the journal, each
// line has its priority, as sd-daemon(3) describes it, and not the program's name, which the
// journal has.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace cmd {

// Numbers as in syslog(3).
enum class Priority { kError = 3, kWarning = 4, kNotice = 5, kInfo = 6 };

// Writes the text, of one line or more, to standard error. Gives up a reader that takes nothing for
// a tenth of a second.
void write_message(std::string_view text, Priority priority = Priority::kError);

// The text as the journal takes it: "pidcap: no such file\n" becomes "<3>no such file\n".
std::string journal_lines(std::string_view text, Priority priority);

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
