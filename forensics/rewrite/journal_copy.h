// SPDX-License-Identifier: GPL-2.0-only
//
// Copies journal entries into a file of several hosts. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "pcapng/encode.h"

namespace forensics {

// Appends the entry (journal export format) to `out`, with _HOSTNAME if it has none.
void copy_journal_entry(pcapng::ByteBuffer& out, std::span<const uint8_t> entry,
                        std::string_view host);

}  // namespace forensics
