// SPDX-License-Identifier: GPL-2.0-only
//
// Opens the files that pidcap writes. What it makes is its owner's alone, because command lines
// stand in it. In a sticky folder that others may write to (/tmp), another user's file or link is
// refused, whatever fs.protected_regular says: they may have put it there for us to find.
// Stateless.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "pcapng/fd.h"

namespace cmd {

// The mode of a file that is made; none: 0600, less the umask.
using FileMode = std::optional<mode_t>;
inline constexpr mode_t kPrivate = 0600;

struct MadeFile {
    pcapng::Fd fd;
    int code = 0;             // the errno, if it isn't valid
    bool is_foreign = false;  // refused, as another user's
};

// Opens `path` for writing, with further flags of open(2), as this process's effective user. Makes
// the file if there is none and `makes`. Neither empties it nor changes the mode of one that is
// there.
MadeFile open_to_write(const std::string& path, int flags, bool makes, FileMode mode);

// Opens a folder that is there, for what is made in it.
MadeFile open_folder(const std::string& path);

// Makes a file that isn't there yet.
MadeFile make_file(int folder, const std::string& name, int flags, FileMode mode);

// Returns true if the folder is sticky, others may write to it, and its entry `name` is neither
// this process's effective user's nor the folder's owner's.
bool is_foreign(int folder, const std::string& name);

// Returns true if others than the owner may do anything with a file of this mode.
constexpr bool is_exposed(mode_t mode) {
    return (mode & (S_IRWXG | S_IRWXO)) != 0;
}

// What a message says of such a file or folder.
inline constexpr const char* kForeign =
    "another user's, in a folder that everyone may write to; remove it, or name another one";

}  // namespace cmd
