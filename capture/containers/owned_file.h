// SPDX-License-Identifier: GPL-2.0-only
//
// Reads a file that may lie where anyone can write, for a process that may read everything. No
// state; safe on any thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace capture {

// Returns the file's bytes. `path` is as seen from `root`, a directory that stands for "/",
// whatever
// ".." and absolute symbolic links are in it. Nothing, if it isn't a regular file of one of
// `owners` with at most `limit` bytes, or if a symbolic link on the way isn't of one of `trusted`.
// Doesn't wait for the writer of a FIFO; for a file system that hangs it does.
std::optional<std::string> read_owned_file(int root, std::string_view path,
                                           const std::vector<uid_t>& owners,
                                           const std::vector<uid_t>& trusted, size_t limit);

}  // namespace capture
