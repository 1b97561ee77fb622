// SPDX-License-Identifier: GPL-2.0-only
//
// Reads a small file of text whole. Stateless.
#pragma once

#include <string>

#include "pcapng/fd.h"
#include "pcapng/result.h"

namespace cmd {

// Reads to the end. `what` begins the error, also that of a file of more than 1 MiB: "read NAME".
pcapng::Result<std::string> read_all(const pcapng::Fd& file, const std::string& what);

}  // namespace cmd
