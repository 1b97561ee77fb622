// SPDX-License-Identifier: GPL-2.0-only
//
// Files with keys in them: whoever can read one can read the connections that the keys are of. So
// nobody but the owner may, unless --mode says otherwise. Stateless.
#pragma once

#include <string>

#include "cmd/made_file.h"
#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

// Returns an error if the file is there and others than its owner may read it. A pipe, a socket, or
// "-" is nobody's to find.
pcapng::Result<void> refuse_exposed(const std::string& path);

// Opens a key log file, which is made if it isn't there, to append lines.
pcapng::Result<pcapng::Fd> open_key_log(const std::string& path, FileMode mode);

}  // namespace cmd
