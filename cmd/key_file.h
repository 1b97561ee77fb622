// SPDX-License-Identifier: GPL-2.0-only
//
// Files with keys in them: whoever can read one can read the connections that the keys are of. So
// nobody but the owner may, unless --mode says otherwise. Stateless.
#pragma once

#include <sys/stat.h>

#include <string>

#include "cmd/made_file.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

// Returns an error if others than its owner may read the regular file. `name` is for the message.
pcapng::Result<void> refuse_exposed(const struct stat& file, const std::string& name);
// The same of a path: one that isn't there, and "-", is nobody's to find.
pcapng::Result<void> refuse_exposed(const std::string& path);

// Opens a key log file, which is made if it isn't there, to append lines.
pcapng::Result<pcapng::Fd> open_key_log(const std::string& path, FileMode mode);

}  // namespace cmd
