// SPDX-License-Identifier: GPL-2.0-only
//
// Reading all that a descriptor has. Stateless.
#pragma once

#include <cstddef>
#include <string>

#include "pcapng/fd.h"

namespace pcapng {

// Appends what is read to `text`, up to the end or until it has `most` bytes; it keeps little
// unused capacity. Returns 0, or the errno of read(2).
int read_to_end(const Fd& file, size_t most, std::string& text);

}  // namespace pcapng
