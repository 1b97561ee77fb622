// SPDX-License-Identifier: GPL-2.0-only
//
// Temporary files for what doesn't fit into memory.
#pragma once

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace forensics {

// Opens a file without a name in the folder TMPDIR, or in /tmp: it disappears with its descriptor,
// however the program ends.
pcapng::Result<pcapng::Fd> open_temporary_file();

}  // namespace forensics
